import { keyIdOf, publicKeyOf, SignaturePrefix, sign } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALICE, BOB, digestNamed, hashTexts } from '../../test/arbitraries.ts';
import type { U64 } from '../json/index.ts';
import {
  checkpointBytes,
  checkpointId,
  signCheckpoint,
  type TimestampedCheckpoint,
  timestampedCheckpointBytes,
  verifyCheckpointSignature,
} from './checkpoint.ts';
import {
  decodeCheckpoint,
  decodeSignedCheckpoint,
  decodeTimestampedCheckpoint,
  decodeWireCheckpoint,
  decodeWireSignedCheckpoint,
  decodeWireTimestampedCheckpoint,
  encodeCheckpoint,
  encodeSignedCheckpoint,
  encodeTimestampedCheckpoint,
} from './checkpoint-json.ts';

const checkpoint: TimestampedCheckpoint = {
  logRoot: digestNamed('log'),
  logLength: 4761,
  mapRoot: digestNamed('map'),
  timestamp: 1631835005,
};
const signed = signCheckpoint(checkpoint, ALICE);
const mismatch = expect.objectContaining({ code: 'SIGNATURE_MISMATCH' });

const u64s: fc.Arbitrary<U64> = fc
  .oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 1000n))
  .map((value) => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : value));
const wireCheckpoints = fc.record({
  logRoot: hashTexts,
  logLength: u64s,
  mapRoot: hashTexts,
  timestamp: u64s,
});

describe('JSON of checkpoints', () => {
  it('is read as it was written, whatever the wire can carry', () => {
    fc.assert(
      fc.property(wireCheckpoints, (contents) => {
        const { timestamp: _, ...plain } = contents;
        expect(decodeWireCheckpoint(encodeCheckpoint(plain))).toEqual(plain);
        expect(decodeWireTimestampedCheckpoint(encodeTimestampedCheckpoint(contents))).toEqual(contents);
        const envelope = { contents, keyId: 'any text', signature: signed.signature };
        expect(decodeWireSignedCheckpoint(encodeSignedCheckpoint(envelope))).toEqual(envelope);
      }),
    );
  });

  it('is strict where code works with it', () => {
    expect(decodeSignedCheckpoint(encodeSignedCheckpoint(signed))).toEqual(signed);
    expect(decodeTimestampedCheckpoint(encodeTimestampedCheckpoint(checkpoint))).toEqual(checkpoint);
    const { timestamp: _, ...plain } = checkpoint;
    expect(decodeCheckpoint(encodeTimestampedCheckpoint(checkpoint))).toEqual(plain);
    const long = encodeSignedCheckpoint({ ...signed, contents: { ...checkpoint, logLength: 2n ** 53n } });
    expect(() => decodeSignedCheckpoint(long)).toThrow(
      expect.objectContaining({ code: 'INTEGER_TOO_LARGE', value: 2n ** 53n }),
    );
    const short = encodeCheckpoint(checkpoint).replace(checkpoint.mapRoot, 'sha256:ab');
    expect(() => decodeCheckpoint(short)).toThrow(expect.objectContaining({ path: 'mapRoot' }));
  });

  it.each([
    ['a length as a text', '"logLength":4761', '"logLength":"4761"'],
    ['a length as a float', '"logLength":4761', '"logLength":4761.0'],
    ['a negative length', '"logLength":4761', '"logLength":-1'],
    ['a length twice', '"logLength":4761', '"logLength":4761,"logLength":4761'],
    ['no timestamp', ',"timestamp":1631835005', ''],
    ['names of another form', 'logRoot', 'log_root'],
  ])('is refused: %s', (_, from, to) => {
    const text = encodeSignedCheckpoint(signed);
    expect(text).toContain(from);
    expect(() => decodeSignedCheckpoint(text.replace(from, to))).toThrow(
      expect.objectContaining({ code: 'INVALID_BODY' }),
    );
  });
});

describe('verifyCheckpointSignature', () => {
  it('returns what was signed', () => {
    expect(signed.keyId).toBe(keyIdOf(publicKeyOf(ALICE)));
    expect(verifyCheckpointSignature(signed, publicKeyOf(ALICE))).toBe(checkpoint);
  });

  it('holds for whatever the wire can carry', () => {
    fc.assert(
      fc.property(wireCheckpoints, (contents) => {
        verifyCheckpointSignature(signCheckpoint(contents, ALICE), publicKeyOf(ALICE));
      }),
      { numRuns: 20 },
    );
  });

  it.each<[string, object]>([
    ['another length', { logLength: 4762 }],
    ['a length that reads the same in 32 bits', { logLength: 4761 + 2 ** 32 }],
    ['another timestamp', { timestamp: 1631835006 }],
    ['another log root', { logRoot: digestNamed('another') }],
    ['another map root', { mapRoot: digestNamed('another') }],
    ['the roots exchanged', { logRoot: checkpoint.mapRoot, mapRoot: checkpoint.logRoot }],
    ['length and timestamp exchanged', { logLength: checkpoint.timestamp, timestamp: checkpoint.logLength }],
  ])('refuses %s', (_, change) => {
    const tampered = { ...signed, contents: { ...checkpoint, ...change } };
    expect(() => verifyCheckpointSignature(tampered, publicKeyOf(ALICE))).toThrow(mismatch);
  });

  it('refuses another key, another domain and the bytes of another form', () => {
    expect(() => verifyCheckpointSignature(signed, publicKeyOf(BOB))).toThrow(mismatch);
    for (const signature of [
      sign(ALICE, SignaturePrefix.operatorRecord, timestampedCheckpointBytes(checkpoint)),
      sign(ALICE, SignaturePrefix.checkpoint, checkpointBytes(checkpoint)),
    ]) {
      expect(() => verifyCheckpointSignature({ ...signed, signature }, publicKeyOf(ALICE))).toThrow(mismatch);
    }
    expect(() => verifyCheckpointSignature({ ...signed, signature: '' }, publicKeyOf(ALICE))).toThrow(
      expect.objectContaining({ code: 'INVALID_SIGNATURE' }),
    );
  });
});

it('gives checkpoints ids that do not depend on the timestamp, and differ for all else', () => {
  expect(checkpointId({ ...checkpoint, timestamp: 5 } as TimestampedCheckpoint)).toBe(
    checkpointId(checkpoint),
  );
  fc.assert(
    fc.property(wireCheckpoints, wireCheckpoints, (a, b) => {
      const same = a.logRoot === b.logRoot && a.logLength === b.logLength && a.mapRoot === b.mapRoot;
      expect(checkpointId(a) === checkpointId(b)).toBe(same);
    }),
  );
});
