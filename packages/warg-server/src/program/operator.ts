import { type PrivateKey, type PublicKey, parsePublicKey } from '@warg/crypto';
import { commandSigner } from '../sequencer/command-signer.ts';
import type { OperatorSigner } from '../sequencer/signer.ts';
import { readOperatorKey } from './operator-key.ts';
import type { OperatorOptions } from './options/operator-options.ts';
import type { RoleOptions } from './options/role-options.ts';
import type { StoreOptions } from './options/store-options.ts';
import { ExitCode, ProgramError } from './program-error.ts';

/** With what this process signs: one of the two, or nothing in a process that only serves. */
export interface Operator {
  readonly operatorKey?: PrivateKey;
  readonly operatorSigner?: OperatorSigner;
}

/**
 * Finds out with what this process signs.
 *
 * @throws ProgramError with exit code 2 if the options do not go together, or say nothing
 */
export async function readOperator(
  options: OperatorOptions & RoleOptions & Pick<StoreOptions, 'dataStore'>,
): Promise<Operator> {
  const { role, dataStore, operatorSigner, operatorPublicKey } = options;
  const hasKey = options.operatorKey !== undefined || options.operatorKeyFile !== undefined;
  if (role !== 'all' && dataStore !== 'postgres') {
    throw usage(
      `--role ${role} is for several processes on one database: give it --data-store postgres, or leave it out`,
    );
  }
  if (role === 'api') {
    if (hasKey || operatorSigner !== undefined) {
      throw usage(
        'a process of role `api` signs nothing: leave the operator key to the processes that sequence, and take it away here',
      );
    }
    return {};
  }
  if (operatorSigner === undefined) {
    if (operatorPublicKey !== undefined) throw usage('--operator-public-key is for --operator-signer');
    return { operatorKey: await readOperatorKey(options) };
  }
  if (hasKey) throw usage('--operator-signer stands in place of an operator key: give one of them');
  if (operatorPublicKey === undefined) {
    throw usage('--operator-signer needs the public key that it signs with: give it --operator-public-key');
  }
  return { operatorSigner: commandSigner(operatorSigner, parseOperatorPublicKey(operatorPublicKey)) };
}

/** @throws ProgramError with exit code 2 */
export function parseOperatorPublicKey(text: string): PublicKey {
  try {
    return parsePublicKey(text);
  } catch (cause) {
    throw new ProgramError(`--operator-public-key: ${(cause as Error).message}`, {
      exitCode: ExitCode.usage,
      cause,
    });
  }
}

function usage(message: string): ProgramError {
  return new ProgramError(message, { exitCode: ExitCode.usage });
}
