import {
  type CryptoError,
  encodeUtf8,
  keyIdOf,
  type PublicKey,
  parsePublicKey,
  publicKeyOf,
  SignaturePrefix,
  sign,
} from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALICE, BOB, KEYS, mutations, operatorRecords, packageRecords } from '../../test/arbitraries.ts';
import { RecordError } from '../errors.ts';
import { packageRecordId } from '../ids.ts';
import { DecodeError } from '../json/index.ts';
import { decodePackageRecord } from '../records/package-record.ts';
import { MAX_RECORD_BYTES } from '../records/record-message.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, MAX_ENVELOPE_BYTES } from './envelope.ts';
import {
  decodeEnvelopeJson,
  decodeIndexedEnvelopeJson,
  encodeEnvelopeJson,
  encodeIndexedEnvelopeJson,
  envelopeFromJson,
  envelopeToJson,
} from './envelope-json.ts';
import {
  isVerified,
  signOperatorRecord,
  signPackageRecord,
  type VerifiedSignature,
  verifyOperatorEnvelope,
  verifyPackageEnvelope,
  vouchForVerified,
} from './signing.ts';

const envelopes: fc.Arbitrary<Envelope> = fc
  .tuple(packageRecords, fc.constantFrom(...KEYS))
  .map(([record, key]) => signPackageRecord(record, key));

const [one] = fc.sample(envelopes, { numRuns: 1, seed: 1 }) as [Envelope];

describe('forms of an envelope', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(envelopes, fc.string({ unit: 'grapheme' }), (signed, keyId) => {
        const envelope = { ...signed, keyId };
        expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
        expect(decodeEnvelopeJson(encodeEnvelopeJson(envelope))).toEqual(envelope);
        expect(envelopeFromJson(envelopeToJson(envelope))).toEqual(envelope);
        expect(envelopeFromJson(JSON.parse(encodeEnvelopeJson(envelope)))).toEqual(envelope);
        expect(encodeEnvelopeJson(envelope)).toBe(JSON.stringify(envelopeToJson(envelope)));
      }),
    );
  });

  it('keep an index of any size', () => {
    for (const registryIndex of [0, 7, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n]) {
      const text = encodeIndexedEnvelopeJson({ ...one, registryIndex });
      expect(decodeIndexedEnvelopeJson(text)).toEqual({ ...one, registryIndex });
    }
    const text = encodeEnvelopeJson(one).slice(0, -1);
    for (const index of ['-1', '1.0', '"1"', 'null', '18446744073709551616']) {
      expect(() => decodeIndexedEnvelopeJson(`${text},"registryIndex":${index}}`)).toThrow(
        expect.objectContaining({ code: 'INVALID_BODY', path: 'registryIndex' }),
      );
    }
  });

  it('are read from changed bytes only as what these bytes say', () => {
    fc.assert(
      fc.property(envelopes, mutations, (envelope, change) => {
        try {
          const read = decodeEnvelope(change(encodeEnvelope(envelope)));
          expect(decodeEnvelope(encodeEnvelope(read))).toEqual(read);
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('do not hold on to the bytes they were read from', () => {
    const bytes = encodeEnvelope(one);
    const read = decodeEnvelope(bytes);
    bytes.fill(0);
    expect(read).toEqual(one);
  });

  const { contentBytes, keyId, signature } = envelopeToJson(one);
  it.each<[string, unknown, string]>([
    ['null', null, ''],
    ['an array', [contentBytes, keyId, signature], ''],
    ['no contentBytes', { keyId, signature }, 'contentBytes'],
    ['no keyId', { contentBytes, signature }, 'keyId'],
    ['no signature', { contentBytes, keyId }, 'signature'],
    ['contentBytes null', { contentBytes: null, keyId, signature }, 'contentBytes'],
    ['contentBytes without padding', { contentBytes: 'AA', keyId, signature }, 'contentBytes'],
    ['contentBytes that are no base64', { contentBytes: '%%%%', keyId, signature }, 'contentBytes'],
    ['a keyId that is a number', { contentBytes, keyId: 5, signature }, 'keyId'],
    ['a signature that is none', { contentBytes, keyId, signature: 'ecdsa-p256:AAAA' }, 'signature'],
    ['names of another form', { content_bytes: contentBytes, key_id: keyId, signature }, 'contentBytes'],
  ])('are refused as JSON: %s', (_, value, path) => {
    expect(() => decodeEnvelopeJson(JSON.stringify(value))).toThrow(
      expect.objectContaining({ code: 'INVALID_BODY', path }),
    );
    expect(() => envelopeFromJson(value)).toThrow(expect.objectContaining({ code: 'INVALID_ENVELOPE' }));
  });

  it('are refused as JSON with a member twice', () => {
    const text = `${encodeEnvelopeJson(one).slice(0, -1)},"keyId":"another"}`;
    expect(() => decodeEnvelopeJson(text)).toThrow(DecodeError);
  });

  it('are refused without a signature and with too many bytes', () => {
    expect(() => decodeEnvelope(new Uint8Array(0))).toThrow(
      expect.objectContaining({ code: 'INVALID_ENVELOPE' }),
    );
    const tooLarge = expect.objectContaining({ code: 'RECORD_TOO_LARGE' });
    expect(() => decodeEnvelope(new Uint8Array(MAX_ENVELOPE_BYTES + 1))).toThrow(tooLarge);
    const large = { ...one, contentBytes: new Uint8Array(MAX_RECORD_BYTES + 1) };
    expect(() => decodeEnvelope(encodeEnvelope(large))).toThrow(tooLarge);
    expect(() => decodeEnvelopeJson(encodeEnvelopeJson(large))).toThrow(tooLarge);
    expect(() => envelopeFromJson(envelopeToJson(large))).toThrow(tooLarge);
  });
});

describe('signing', () => {
  it('makes envelopes that verify with the key, and with no other', () => {
    fc.assert(
      fc.property(packageRecords, operatorRecords, (packageRecord, operatorRecord) => {
        const packageEnvelope = signPackageRecord(packageRecord, ALICE);
        expect(packageEnvelope.keyId).toBe(keyIdOf(publicKeyOf(ALICE)));
        expect(decodePackageRecord(packageEnvelope.contentBytes)).toEqual({ ...packageRecord, version: 0 });
        verifyPackageEnvelope(packageEnvelope, publicKeyOf(ALICE));
        expect(() => verifyPackageEnvelope(packageEnvelope, publicKeyOf(BOB))).toThrow(mismatch);
        expect(() => verifyOperatorEnvelope(packageEnvelope, publicKeyOf(ALICE))).toThrow(mismatch);
        const operatorEnvelope = signOperatorRecord(operatorRecord, ALICE);
        verifyOperatorEnvelope(operatorEnvelope, publicKeyOf(ALICE));
        expect(() => verifyPackageEnvelope(operatorEnvelope, publicKeyOf(ALICE))).toThrow(mismatch);
      }),
      { numRuns: 30 },
    );
  });

  it('does not sign what nobody could read', () => {
    const time = { seconds: 0n, nanos: 0 };
    const entries = [{ type: 'yank', version: '1.0' as never }] as const;
    expect(() => signPackageRecord({ prev: undefined, time, entries }, ALICE)).toThrow(
      expect.objectContaining({ code: 'INVALID_RECORD' }),
    );
    const key = 'ecdsa-p256:AAAA' as PublicKey;
    const init = [{ type: 'init', hashAlgorithm: 'sha256', key }] as const;
    expect(() => signOperatorRecord({ prev: undefined, time, entries: init }, ALICE)).toThrow(RecordError);
  });

  it('refuses a signature over other bytes, and another signature over these', () => {
    fc.assert(
      fc.property(envelopes, mutations, (envelope, change) => {
        const contentBytes = change(envelope.contentBytes);
        fc.pre(packageRecordId(contentBytes) !== packageRecordId(envelope.contentBytes));
        const key = KEYS.map(publicKeyOf).find((one) => keyIdOf(one) === envelope.keyId) as PublicKey;
        expect(() => verifyPackageEnvelope({ ...envelope, contentBytes }, key)).toThrow(mismatch);
      }),
      { numRuns: 30 },
    );
    const checkpointSignature = sign(ALICE, SignaturePrefix.checkpoint, one.contentBytes);
    expect(() =>
      verifyPackageEnvelope({ ...one, signature: checkpointSignature }, publicKeyOf(ALICE)),
    ).toThrow(mismatch);
    expect(() => verifyPackageEnvelope({ ...one, signature: 'none' }, publicKeyOf(ALICE))).toThrow(
      expect.objectContaining({ code: 'INVALID_SIGNATURE' }) as CryptoError,
    );
  });

  const mismatch = expect.objectContaining({ code: 'SIGNATURE_MISMATCH' });
});

describe('VerifiedSignature', () => {
  const time = { seconds: 0n, nanos: 0 };
  const envelope = signPackageRecord({ prev: undefined, time, entries: [] }, ALICE);
  const key = publicKeyOf(ALICE);
  const id = packageRecordId(envelope.contentBytes);
  const proof = verifyPackageEnvelope(envelope, key);

  it('counts for what was verified', () => {
    expect(isVerified(proof, id, key, envelope.signature)).toBe(true);
    expect(isVerified(undefined, id, key, envelope.signature)).toBe(false);
  });

  it('does not count for another record, key or signature', () => {
    expect(isVerified(proof, packageRecordId(encodeUtf8('other')), key, envelope.signature)).toBe(false);
    expect(isVerified(proof, id, publicKeyOf(BOB), envelope.signature)).toBe(false);
    expect(isVerified(proof, id, key, one.signature)).toBe(false);
  });

  it('cannot be made by hand, nor changed', () => {
    expect(isVerified({ ...proof }, id, key, envelope.signature)).toBe(false);
    expect(isVerified(structuredClone(proof), id, key, envelope.signature)).toBe(false);
    const vouched = vouchForVerified(structuredClone(proof));
    expect(isVerified(vouched, id, key, envelope.signature)).toBe(true);
    expect(isVerified(vouched, id, publicKeyOf(BOB), envelope.signature)).toBe(false);
    expect(isVerified(Object.create(proof) as VerifiedSignature, id, key, envelope.signature)).toBe(false);
    expect(Reflect.set(proof, 'publicKey', parsePublicKey(publicKeyOf(BOB)))).toBe(false);
  });
});
