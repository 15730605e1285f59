// Every error of the protocol layer, in one place. Codes never change their meaning; messages may.

import { quote, WargError } from '@warg/crypto';

/** A text that should be a package name or a namespace and is none. */
export class NameError extends WargError {
  declare readonly code: 'INVALID_PACKAGE_NAME' | 'INVALID_NAMESPACE';
  /** What was found. */
  readonly text: string;

  constructor(code: 'INVALID_PACKAGE_NAME' | 'INVALID_NAMESPACE', message: string, text: string) {
    super(code, message);
    this.text = text;
  }
}

/** A text that should be a version or a version requirement and is none. */
export class VersionError extends WargError {
  declare readonly code: 'INVALID_VERSION' | 'INVALID_VERSION_REQUIREMENT';
  /** What was found. */
  readonly text: string;

  constructor(code: 'INVALID_VERSION' | 'INVALID_VERSION_REQUIREMENT', message: string, text: string) {
    super(code, `${message} in ${quote(text)}`);
    this.text = text;
  }
}

/**
 * What can be wrong with the bytes of a record or of an envelope:
 *
 * - `INVALID_PROTOBUF`: the bytes are no Protocol Buffers message
 * - `INVALID_RECORD`: they are one, but a field does not hold what a record must hold
 * - `INVALID_ENVELOPE`: the same for an envelope and its JSON form
 * - `RECORD_TOO_LARGE`: more bytes than a record or an envelope may have, or more entries than the caller takes
 * - `UNENCODABLE_RECORD`: a record that was to be written cannot be: a number out of range, an unknown type
 */
export type RecordErrorCode =
  | 'INVALID_PROTOBUF'
  | 'INVALID_RECORD'
  | 'INVALID_ENVELOPE'
  | 'RECORD_TOO_LARGE'
  | 'UNENCODABLE_RECORD';

/** A record or an envelope that cannot be read or written. */
export class RecordError extends WargError {
  declare readonly code: RecordErrorCode;

  constructor(code: RecordErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** A state that cannot be written as JSON, because the reference's form has no timestamps before the epoch. */
export class StateError extends WargError {
  declare readonly code: 'UNENCODABLE_STATE';

  constructor(message: string) {
    super('UNENCODABLE_STATE', message);
  }
}

/** A text that should be the id of a log or of a record and is none. */
export class IdError extends WargError {
  declare readonly code: 'INVALID_LOG_ID' | 'INVALID_RECORD_ID';

  constructor(code: 'INVALID_LOG_ID' | 'INVALID_RECORD_ID', message: string) {
    super(code, message);
  }
}

/**
 * Why a record does not fit behind the ones before it: one member for each error of the reference's two state
 * machines, with the values that it names. `STATE_NOT_EMPTY` stands where the reference aborts: an `init` for a
 * state without algorithm that has keys all the same, which no sequence of records leads to.
 */
export type ValidationFailure =
  | { readonly code: 'PREVIOUS_HASH_ON_FIRST_RECORD' }
  | { readonly code: 'NO_PREVIOUS_HASH_AFTER_INIT' }
  | { readonly code: 'INCORRECT_HASH_ALGORITHM'; readonly found: string; readonly expected: string }
  | { readonly code: 'RECORD_HASH_DOES_NOT_MATCH' }
  | { readonly code: 'PROTOCOL_VERSION_NOT_ALLOWED'; readonly protocolVersion: number }
  | { readonly code: 'TIMESTAMP_LOWER_THAN_PREVIOUS' }
  | { readonly code: 'FIRST_ENTRY_IS_NOT_INIT' }
  | { readonly code: 'INITIAL_RECORD_DOES_NOT_INIT' }
  | { readonly code: 'INITIAL_ENTRY_AFTER_BEGINNING' }
  | { readonly code: 'KEY_ID_NOT_RECOGNIZED'; readonly keyId: string }
  | { readonly code: 'UNAUTHORIZED_ACTION'; readonly keyId: string; readonly neededPermission: string }
  | { readonly code: 'PERMISSION_NOT_FOUND_TO_REVOKE'; readonly keyId: string; readonly permission: string }
  | { readonly code: 'RELEASE_OF_RELEASED'; readonly version: string }
  | { readonly code: 'YANK_OF_UNRELEASED'; readonly version: string }
  | { readonly code: 'YANK_OF_YANKED'; readonly version: string }
  | { readonly code: 'INVALID_NAMESPACE'; readonly namespace: string }
  | { readonly code: 'NAMESPACE_ALREADY_DEFINED'; readonly namespace: string }
  | { readonly code: 'SIGNATURE_ERROR' }
  | { readonly code: 'STATE_NOT_EMPTY' };

/** The stable name of a {@link ValidationFailure}. */
export type ValidationErrorCode = ValidationFailure['code'];

/**
 * A record that its log does not allow. The values that the failure names are own members of the error:
 * `error.version` for `RELEASE_OF_RELEASED`, and so on.
 */
export class ValidationError extends WargError {
  declare readonly code: ValidationErrorCode;
  /** `KEY_ID_NOT_RECOGNIZED`, `UNAUTHORIZED_ACTION`, `PERMISSION_NOT_FOUND_TO_REVOKE` */
  declare readonly keyId?: string;
  /** `UNAUTHORIZED_ACTION` */
  declare readonly neededPermission?: string;
  /** `PERMISSION_NOT_FOUND_TO_REVOKE` */
  declare readonly permission?: string;
  /** `RELEASE_OF_RELEASED`, `YANK_OF_UNRELEASED`, `YANK_OF_YANKED` */
  declare readonly version?: string;
  /** `PROTOCOL_VERSION_NOT_ALLOWED` */
  declare readonly protocolVersion?: number;
  /** `INVALID_NAMESPACE`, `NAMESPACE_ALREADY_DEFINED` */
  declare readonly namespace?: string;
  /** `INCORRECT_HASH_ALGORITHM` */
  declare readonly found?: string;
  /** `INCORRECT_HASH_ALGORITHM` */
  declare readonly expected?: string;
  /** Which of the envelopes given to `validatePackageLog` or `validateOperatorLog` failed, from 0. */
  declare readonly recordIndex?: number;

  constructor(failure: ValidationFailure, options?: ErrorOptions) {
    super(failure.code, describe(failure), options);
    const { code: _, ...data } = failure;
    Object.assign(this, data);
  }
}

function describe(failure: ValidationFailure): string {
  switch (failure.code) {
    case 'PREVIOUS_HASH_ON_FIRST_RECORD':
      return 'expected no `prev` in the first record of a log, found one';
    case 'NO_PREVIOUS_HASH_AFTER_INIT':
      return 'expected the id of the record before in `prev`, found none';
    case 'INCORRECT_HASH_ALGORITHM':
      return `expected a \`prev\` made with ${quote(failure.expected)}, found ${quote(failure.found)}`;
    case 'RECORD_HASH_DOES_NOT_MATCH':
      return 'expected the id of the head of the log in `prev`, found another: fetch the log and sign again';
    case 'PROTOCOL_VERSION_NOT_ALLOWED':
      return `expected protocol version 0, found ${failure.protocolVersion}`;
    case 'TIMESTAMP_LOWER_THAN_PREVIOUS':
      return 'expected a timestamp not before that of the record before, found an earlier one';
    case 'FIRST_ENTRY_IS_NOT_INIT':
      return 'expected `init` as the first entry of the log, found another';
    case 'INITIAL_RECORD_DOES_NOT_INIT':
      return 'expected an `init` entry in the first record of the log, found no entry';
    case 'INITIAL_ENTRY_AFTER_BEGINNING':
      return 'expected `init` only as the first entry of the log, found a second one';
    case 'KEY_ID_NOT_RECOGNIZED':
      return `expected a signer whose key this log knows, found the key id ${quote(failure.keyId)}`;
    case 'UNAUTHORIZED_ACTION':
      return `the key ${quote(failure.keyId)} does not have the permission \`${failure.neededPermission}\` that this entry needs`;
    case 'PERMISSION_NOT_FOUND_TO_REVOKE':
      return `the key ${quote(failure.keyId)} does not have the permission \`${failure.permission}\` that is to be revoked`;
    case 'RELEASE_OF_RELEASED':
      return `version ${quote(failure.version)} is already released, and a version is released once: choose another`;
    case 'YANK_OF_UNRELEASED':
      return `version ${quote(failure.version)} cannot be yanked, it was never released`;
    case 'YANK_OF_YANKED':
      return `version ${quote(failure.version)} cannot be yanked, it already is`;
    case 'INVALID_NAMESPACE':
      return `expected a namespace in lowercase kebab case, found ${quote(failure.namespace)}`;
    case 'NAMESPACE_ALREADY_DEFINED':
      return `the namespace ${quote(failure.namespace)} is already defined or imported and cannot be changed`;
    case 'SIGNATURE_ERROR':
      return 'the signature was not made by the signer over the bytes of this record';
    case 'STATE_NOT_EMPTY':
      return 'expected an empty state before `init`, found one with keys, permissions or releases';
  }
}
