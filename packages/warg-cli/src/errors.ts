import { WargError } from '@warg/crypto';

/** The codes of the errors that the command line itself raises. They never change meaning. */
export type CliErrorCode =
  /** The arguments do not make a command. */
  | 'USAGE'
  /** No registry was named and the configuration names none. */
  | 'NO_REGISTRY'
  /** The configuration file that was named does not exist. */
  | 'CONFIG_NOT_FOUND'
  /** The configuration file cannot be understood. */
  | 'INVALID_CONFIG'
  /** A configuration file that was found, not named, belongs to somebody else. */
  | 'FOREIGN_CONFIG'
  /** A file or folder could not be read or written. */
  | 'FILE_ACCESS'
  /** A file that would be written holds something else. */
  | 'FILE_EXISTS'
  /** There is no signing key. */
  | 'KEY_NOT_FOUND'
  /** There is a signing key already. */
  | 'KEY_EXISTS'
  /** What the keyring or the variable holds is not a signing key. */
  | 'INVALID_KEY'
  /** What was given, or what the keyring or the variable holds, is not a token. */
  | 'INVALID_TOKEN'
  /** The configured keyring cannot be used. */
  | 'KEYRING_BACKEND_UNAVAILABLE'
  /** A question would have to be asked and nobody can answer. */
  | 'CONFIRMATION_REQUIRED'
  /** The question was answered with no. */
  | 'DECLINED'
  /** A publish is being put together already. */
  | 'PENDING_PUBLISH_EXISTS'
  /** No publish is being put together. */
  | 'NO_PENDING_PUBLISH'
  /** No evidence with such an id is kept. */
  | 'EVIDENCE_NOT_FOUND'
  /** The registry has no such package. */
  | 'PACKAGE_NOT_FOUND'
  /** The user asked to stop. */
  | 'INTERRUPTED';

/** What an error of the command line carries besides its message. */
export interface CliErrorDetails {
  /** What to do about it, in one or two sentences. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error of the command line itself: the process ends with 1. */
export class CliError extends WargError {
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(code: CliErrorCode, message: string, details: CliErrorDetails = {}) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CliError';
    this.hint = details.hint;
  }
}

/** The arguments do not make a command: the process ends with 2. */
export class UsageError extends CliError {
  constructor(message: string, details: CliErrorDetails = {}) {
    super('USAGE', message, details);
    this.name = 'UsageError';
  }
}

/** The user asked to stop: the process ends with 128 and the signal's number. */
export class InterruptedError extends CliError {
  /** 130 for Ctrl-C, 143 for a request to terminate, 129 for a terminal that was closed. */
  readonly exitCode: number;

  constructor(exitCode = 130) {
    super('INTERRUPTED', 'interrupted');
    this.name = 'InterruptedError';
    this.exitCode = exitCode;
  }
}
