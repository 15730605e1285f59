import { ProgramError } from './program-error.ts';

/**
 * Makes an error that whoever started the program can mend one line, with the option to look at.
 *
 * @returns a ProgramError, or the error itself
 */
export function openError(error: unknown, option: string): unknown {
  const { code, message } = error as Error & { code?: unknown };
  switch (code) {
    case 'OPERATOR_KEY_MISMATCH':
    case 'STORE_LOCKED':
    case 'STORE_EMPTY':
    case 'STORE_MISSING':
    case 'STORE_TOO_NEW':
    case 'STORE_OUTDATED':
    case 'STORE_UNAVAILABLE':
    case 'STORE_UNREADABLE':
    case 'STORE_CORRUPT':
    case 'STORE_ROLLED_BACK':
    case 'STORE_MOVED':
    case 'STORE_REPLACED':
    case 'STORE_FULL':
      return new ProgramError(`${message} (${option})`, { cause: error });
    case 'NAMESPACE_CONFLICT':
    case 'OPERATOR_RECORD_REFUSED':
    case 'OPERATOR_KEY_IN_USE':
    case 'CHECKPOINT_NOT_SIGNED':
      return new ProgramError(message, { cause: error });
    default:
      return error;
  }
}
