import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DecodeError, decodeSignedCheckpoint, type SignedCheckpoint } from '@warg/protocol';
import { limits } from '@warg/protocol/api';
import type { RestoreOptions as Restore } from '../registry/core-options.ts';
import { prepareDir } from './data-dir.ts';
import type { RestoreOptions } from './options/restore-options.ts';
import type { StoreOptions } from './options/store-options.ts';
import { ProgramError } from './program-error.ts';
import { readTokenFile } from './token-file.ts';

/** The file in which a process notes what was signed last, where the records are in PostgreSQL. */
export function headFileOf({ dataDir }: Pick<StoreOptions, 'dataDir'>): string {
  return join(dataDir, 'registry.head');
}

/**
 * Finds out what is known outside the store of what was signed.
 *
 * @throws ProgramError
 */
export async function readRestore(
  options: RestoreOptions & Pick<StoreOptions, 'dataStore' | 'dataDir'>,
): Promise<Restore> {
  const { afterCheckpoint, recoverFrom, recoverTokenFile, dataStore, dataDir } = options;
  const recoverToken =
    recoverFrom === undefined ? undefined : await readTokenFile(recoverTokenFile, recoverFrom);
  if (dataStore !== 'memory') await prepareDir(dataDir, '--data-dir');
  return {
    ...(dataStore === 'postgres' ? { headFile: headFileOf(options) } : {}),
    ...(dataStore === 'memory' ? {} : { spoolDir: dataDir }),
    ...(afterCheckpoint === undefined ? {} : { afterCheckpoint: await readCheckpoint(afterCheckpoint) }),
    ...(recoverFrom === undefined ? {} : { recoverFrom }),
    ...(recoverToken === undefined ? {} : { recoverToken }),
  };
}

async function readCheckpoint(file: string): Promise<SignedCheckpoint> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ProgramError(`cannot read the checkpoint \`${file}\` (${reason}, --after-checkpoint)`, {
      cause: error,
    });
  }
  try {
    if (bytes.length <= limits.checkpoint) return decodeSignedCheckpoint(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw notOne(file, error.message, error);
  }
  throw notOne(file, `it has more than ${limits.checkpoint} bytes`);
}

function notOne(file: string, reason: string, cause?: unknown): ProgramError {
  return new ProgramError(
    `expected the file \`${file}\` to hold a signed checkpoint in JSON, as \`GET v1/fetch/checkpoint\` answers it: ${reason} ` +
      '(--after-checkpoint)',
    { cause },
  );
}
