import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseAuthorizedKeys } from '../policy/authorized-keys.ts';
import type { RecordPolicy, RegistryLog } from '../registry/core-options.ts';
import { ProgramError } from './program-error.ts';

/** How often is looked whether the file is another, ms. */
const LOOK = 1000;

/** The rules of a file of authorized keys, as it is now. */
export interface PolicyFile {
  readonly policy: RecordPolicy;
  /** Reads the file again. If it cannot be used the rules stay as they are, and the log says so. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Reads a file of authorized keys, and reads it again whenever it changes.
 *
 * @throws ProgramError if it cannot be used
 */
export async function openPolicyFile(file: string, log: RegistryLog): Promise<PolicyFile> {
  let rules = await read(file);
  const reload = async (): Promise<void> => {
    try {
      rules = await read(file);
      log.info({ file }, 'the authorized keys have been read again');
    } catch (error) {
      log.error({ file, error: (error as Error).message }, 'the authorized keys stay as they were');
    }
  };
  const listener = (): void => void reload();
  watchFile(file, { interval: LOOK, persistent: false }, listener);
  return {
    policy: { check: (request) => rules.check(request) },
    reload,
    close: () => unwatchFile(file, listener),
  };
}

async function read(file: string): Promise<RecordPolicy> {
  try {
    return parseAuthorizedKeys(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ProgramError(`cannot use the authorized keys file \`${file}\`: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
