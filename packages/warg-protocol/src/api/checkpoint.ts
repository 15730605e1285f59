import {
  readSignedCheckpoint,
  encodeSignedCheckpoint as writeSignedCheckpoint,
} from '../checkpoints/checkpoint-json.ts';
import { oneOf, readMember, readObject, readOptional, readU16, writeText, writeU16 } from '../json/index.ts';
import { limits } from './limits.ts';
import {
  decodeStrict,
  type JsonInput,
  type MessageForm,
  type StrictValues,
  type WireValues,
} from './values.ts';

/** A checkpoint with its time and signature: `GET v1/fetch/checkpoint`, `POST v1/verify/checkpoint`. */
export interface SignedCheckpoint<V extends WireValues = StrictValues> {
  readonly contents: {
    readonly logRoot: V['digest'];
    /** How many records the registry's log has. */
    readonly logLength: V['integer'];
    readonly mapRoot: V['digest'];
    /** When it was signed, in seconds since 1970. */
    readonly timestamp: V['integer'];
  };
  /** As received; compare it, do not parse it. */
  readonly keyId: string;
  readonly signature: string;
}

/** @internal */
export const signedCheckpointForm: MessageForm<SignedCheckpoint<WireValues>> = {
  maxLength: limits.checkpoint,
  read: readSignedCheckpoint,
  write: writeSignedCheckpoint,
};

/**
 * Reads a {@link SignedCheckpoint}. Its signature is not verified here.
 *
 * @throws DecodeError
 */
export function decodeSignedCheckpoint(input: JsonInput): SignedCheckpoint {
  return decodeStrict(signedCheckpointForm, input);
}

/** Writes a {@link SignedCheckpoint}. */
export function encodeSignedCheckpoint(checkpoint: SignedCheckpoint<WireValues>): string {
  return signedCheckpointForm.write(checkpoint);
}

/** What a registry says about one side of a checkpoint that it was shown. */
export type VerificationState = 'unverified' | 'verified' | 'invalid';

/** The answer of `POST v1/verify/checkpoint`. */
export interface CheckpointVerificationResponse {
  readonly checkpoint: VerificationState;
  readonly signature: VerificationState;
  /** After how many seconds to ask again. */
  readonly retryAfter?: number | undefined;
}

/** @internal */
export const verificationStateForm: MessageForm<VerificationState> = {
  maxLength: limits.answer,
  read: oneOf('unverified', 'verified', 'invalid'),
  write: writeText,
};

/** @internal */
export const checkpointVerificationResponseForm: MessageForm<CheckpointVerificationResponse> = {
  maxLength: limits.answer,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      checkpoint: readMember(object, 'checkpoint', at, verificationStateForm.read),
      signature: readMember(object, 'signature', at, verificationStateForm.read),
      retryAfter: readOptional(object, 'retryAfter', at, readU16),
    };
  },
  write: ({ checkpoint, signature, retryAfter }) =>
    `{"checkpoint":${writeText(checkpoint)},"signature":${writeText(signature)}` +
    `${retryAfter === undefined ? '' : `,"retryAfter":${writeU16(retryAfter)}`}}`,
};

/**
 * Reads a {@link CheckpointVerificationResponse}.
 *
 * @throws DecodeError
 */
export function decodeCheckpointVerificationResponse(input: JsonInput): CheckpointVerificationResponse {
  return decodeStrict(checkpointVerificationResponseForm, input);
}

/** Writes a {@link CheckpointVerificationResponse}. */
export function encodeCheckpointVerificationResponse(response: CheckpointVerificationResponse): string {
  return checkpointVerificationResponseForm.write(response);
}
