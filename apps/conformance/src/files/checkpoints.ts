import {
  concatBytes,
  encodeHex,
  encodeUtf8,
  parsePrivateKey,
  parsePublicKey,
  SignaturePrefix,
  WargError,
} from '@warg/crypto';
import {
  checkpointBytes,
  checkpointId,
  decodeWireCheckpoint,
  decodeWireSignedCheckpoint,
  decodeWireTimestampedCheckpoint,
  encodeCheckpoint,
  encodeSignedCheckpoint,
  encodeTimestampedCheckpoint,
  parseHashText,
  signCheckpoint,
  timestampedCheckpointBytes,
  type U64,
  verifyCheckpointSignature,
} from '@warg/protocol';
import { expectVerdict, type Kinds, same } from '../verdict.ts';

export const kinds: Kinds = {
  encode(c) {
    const checkpoint = {
      logRoot: parseHashText(c.logRoot),
      logLength: toU64(c.logLength),
      mapRoot: parseHashText(c.mapRoot),
    };
    const timestamped = { ...checkpoint, timestamp: toU64(c.timestamp) };
    same(encodeHex(checkpointBytes(checkpoint)), c.checkpointBytes, 'checkpointBytes');
    same(checkpointId(checkpoint), c.checkpointId, 'checkpointId');
    same(checkpointId(timestamped), c.checkpointId, 'checkpointId whatever the timestamp');
    same(encodeCheckpoint(checkpoint), c.checkpointJson, 'checkpointJson');
    same(decodeWireCheckpoint(c.checkpointJson), checkpoint, 'checkpointJson read again');

    const bytes = timestampedCheckpointBytes(timestamped);
    same(encodeHex(bytes), c.timestampedBytes, 'timestampedBytes');
    same(encodeTimestampedCheckpoint(timestamped), c.timestampedJson, 'timestampedJson');
    same(decodeWireTimestampedCheckpoint(c.timestampedJson), timestamped, 'timestampedJson read again');

    const signedBytes = concatBytes(encodeUtf8(`${SignaturePrefix.checkpoint}:`), bytes);
    same(encodeHex(signedBytes), c.signedBytes, 'signedBytes');
    const signed = signCheckpoint(timestamped, parsePrivateKey(c.privateKey));
    same(signed.signature, c.signature, 'signature');
    same(encodeSignedCheckpoint(signed), c.envelopeJson, 'envelopeJson');
    same(decodeWireSignedCheckpoint(c.envelopeJson), signed, 'envelopeJson read again');
  },
  verify(c) {
    same(accepts(c.envelopeJson, c.publicKey), c.accepted, 'accepted');
  },
  json(c) {
    const { accidental } = c;
    expectVerdict(
      { ...c.asCheckpoint, accidental },
      () => decodeWireCheckpoint(c.input),
      (checkpoint) => same(encodeCheckpoint(checkpoint), c.asCheckpoint.reserialized, 'asCheckpoint'),
    );
    expectVerdict(
      { ...c.asTimestampedCheckpoint, accidental },
      () => decodeWireTimestampedCheckpoint(c.input),
      (checkpoint) =>
        same(
          encodeTimestampedCheckpoint(checkpoint),
          c.asTimestampedCheckpoint.reserialized,
          'asTimestampedCheckpoint',
        ),
    );
  },
  'envelope-json'(c) {
    expectVerdict(
      c,
      () => decodeWireSignedCheckpoint(c.input),
      (signed) => same(encodeSignedCheckpoint(signed), c.reserialized, 'reserialized'),
    );
  },
};

/** A number of the vectors, as our readers have it: a bigint only where a number is not exact. */
function toU64(text: string): U64 {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function accepts(envelopeJson: string, publicKey: string): boolean {
  try {
    verifyCheckpointSignature(decodeWireSignedCheckpoint(envelopeJson), parsePublicKey(publicKey));
    return true;
  } catch (error) {
    if (!(error instanceof WargError)) throw error;
    return false;
  }
}
