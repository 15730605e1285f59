// records-package.json and records-operator.json have the same kinds; only the record differs.

import {
  CryptoError,
  concatBytes,
  decodeHex,
  encodeHex,
  encodeUtf8,
  type PrivateKey,
  type PublicKey,
  parsePrivateKey,
  parsePublicKey,
  type SignaturePrefix,
} from '@warg/crypto';
import {
  decodeEnvelope,
  decodeEnvelopeJson,
  decodeIndexedEnvelopeJson,
  type Envelope,
  encodeEnvelope,
  encodeEnvelopeJson,
  encodeIndexedEnvelopeJson,
  envelopeFromJson,
  envelopeToJson,
  type OperatorRecord,
  type PackageRecord,
  type RecordId,
  type VerifiedSignature,
} from '@warg/protocol';
import { fromRecord, toRecord } from './structured-record.ts';
import { expectVerdict, type Kinds, same } from './verdict.ts';

/** What the two kinds of record have under different names. */
export interface RecordKind<R extends PackageRecord | OperatorRecord> {
  readonly prefix: SignaturePrefix;
  readonly decode: (contentBytes: Uint8Array) => R;
  readonly encode: (record: R) => Uint8Array;
  readonly recordId: (contentBytes: Uint8Array) => RecordId;
  readonly sign: (record: Omit<R, 'version'>, key: PrivateKey) => Envelope;
  readonly signBytes: (key: PrivateKey, bytes: Uint8Array) => string;
  readonly verify: (envelope: Envelope, publicKey: PublicKey) => VerifiedSignature;
}

export function recordKinds<R extends PackageRecord | OperatorRecord>(kind: RecordKind<R>): Kinds {
  function signatureOk(envelope: Envelope, publicKey: string): boolean {
    try {
      kind.verify(envelope, parsePublicKey(publicKey));
      return true;
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      return false;
    }
  }

  return {
    encode(c) {
      const record = toRecord<R>(c.record);
      const content = kind.encode(record);
      same(encodeHex(content), c.content, 'content');
      same(kind.recordId(content), c.recordId, 'recordId');
      const key = parsePrivateKey(c.privateKey);
      same(encodeHex(concatBytes(encodeUtf8(`${kind.prefix}:`), content)), c.signedBytes, 'signedBytes');
      const envelope: Envelope = {
        contentBytes: content,
        keyId: c.body.keyId,
        signature: kind.signBytes(key, content),
      };
      if (record.version === 0) same(kind.sign(record, key), envelope, 'signed envelope');
      same(envelopeToJson(envelope), c.body, 'body');
      same(encodeEnvelopeJson(envelope), c.bodyText, 'bodyText');
      same(encodeHex(encodeEnvelope(envelope)), c.envelope, 'envelope');
      const published = { ...envelope, registryIndex: c.registryIndex };
      same(encodeIndexedEnvelopeJson(published), c.publishedBodyText, 'publishedBodyText');
      same(decodeEnvelope(decodeHex(c.envelope)), envelope, 'decoded envelope');
      same(decodeEnvelopeJson(c.bodyText), envelope, 'decoded body');
      same(envelopeFromJson(c.body), envelope, 'body as a plain object');
      same(decodeIndexedEnvelopeJson(c.publishedBodyText), published, 'decoded published body');
      same(fromRecord(kind.decode(content)), c.record, 'decoded record');
    },

    decode(c) {
      const content = decodeHex(c.content);
      expectVerdict(
        c,
        () => kind.decode(content),
        (record) => {
          same(fromRecord(record), c.record, 'record');
          same(kind.recordId(content), c.recordId, 'recordId');
          const reencoded = encodeHex(kind.encode(record));
          same(reencoded === c.content, c.canonical, 'canonical');
          if (!c.canonical) same(reencoded, c.reencoded, 'reencoded');
        },
      );
    },

    envelope(c) {
      expectVerdict(
        c,
        () => {
          const envelope = decodeEnvelope(decodeHex(c.envelope));
          kind.decode(envelope.contentBytes);
          return envelope;
        },
        (envelope) => {
          same(encodeHex(envelope.contentBytes), c.content, 'content');
          same(envelope.keyId, c.keyId, 'keyId');
          same(envelope.signature, c.signature, 'signature');
          same(signatureOk(envelope, c.publicKey), c.signatureOk, 'signatureOk');
          const reencoded = encodeHex(encodeEnvelope(envelope));
          same(reencoded === c.envelope, c.canonical, 'canonical');
          if (c.reencoded) same(reencoded, c.reencoded, 'reencoded');
        },
      );
    },

    'body-json'(c) {
      const { accidental } = c;
      expectVerdict(
        { ...c.body, accidental },
        () => decodeEnvelopeJson(c.input),
        (envelope) => {
          same(encodeEnvelopeJson(envelope), c.body.reserialized, 'body');
          expectVerdict(
            { ...c.decode, accidental },
            () => kind.decode(envelope.contentBytes),
            () => {
              same(encodeHex(envelope.contentBytes), c.decode.content, 'content');
              same(kind.recordId(envelope.contentBytes), c.decode.recordId, 'recordId');
              same(signatureOk(envelope, c.publicKey), c.decode.signatureOk, 'signatureOk');
            },
          );
        },
      );
      expectVerdict(
        { ...c.publishedBody, accidental },
        () => decodeIndexedEnvelopeJson(c.input),
        (envelope) =>
          same(encodeIndexedEnvelopeJson(envelope), c.publishedBody.reserialized, 'publishedBody'),
      );
    },
  };
}
