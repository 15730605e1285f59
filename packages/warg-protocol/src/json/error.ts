import { WargError } from '@warg/crypto';

/** What can be wrong with a text that should be JSON of a known shape. */
export type DecodeErrorCode =
  /** The bytes are not UTF-8, or the text does not keep to JSON's grammar. */
  | 'INVALID_JSON'
  /** It is JSON, but not what was expected there: see `path`. */
  | 'INVALID_BODY'
  /** It is longer than the cap for its kind; nothing of it was read. */
  | 'BODY_TOO_LARGE'
  /** An integer is valid on the wire but above 2^53−1, which no real log reaches: see `path` and `value`. */
  | 'INTEGER_TOO_LARGE';

/** Where and what a {@link DecodeError} found. */
export interface DecodeErrorDetails {
  readonly path?: string | undefined;
  readonly position?: number | undefined;
  readonly value?: bigint | undefined;
  readonly cause?: unknown;
}

/** A text from a socket or a file that is not the JSON that it should be. */
export class DecodeError extends WargError {
  declare readonly code: DecodeErrorCode;
  /** Where in the value, as JavaScript would write it (`packages["sha256:…"][0].keyId`); empty for the whole. */
  readonly path: string;
  /** Where in the text, counted in UTF-16 units; only with `INVALID_JSON`. */
  readonly position: number | undefined;
  /** The integer that was found; only with `INTEGER_TOO_LARGE`. */
  readonly value: bigint | undefined;

  constructor(code: DecodeErrorCode, message: string, details: DecodeErrorDetails = {}) {
    super(code, message, details.cause === undefined ? undefined : { cause: details.cause });
    this.path = details.path ?? '';
    this.position = details.position;
    this.value = details.value;
  }
}

/** A value that JSON of the wire cannot hold, such as a negative length. A mistake of the caller. */
export class EncodeError extends WargError {
  declare readonly code: 'NOT_ENCODABLE';

  constructor(message: string) {
    super('NOT_ENCODABLE', message);
  }
}
