import {
  decodeBase64,
  encodeHex,
  encodePrivateKey,
  keyIdOf,
  type PrivateKey,
  type PublicKey,
  parsePrivateKey,
  parsePublicKey,
  parseSignatureAlgorithm,
  publicKeyOf,
  publicKeyToBytes,
} from '@warg/crypto';
import { readJsonText } from '../json-text.ts';
import { expectVerdict, type Kinds, same } from '../verdict.ts';

export const kinds: Kinds = {
  pair(c) {
    const key = parsePrivateKey(c.privateKey);
    same(encodePrivateKey(key), c.privateKey, 'private key written back');
    same(scalarOf(key), c.scalar, 'scalar');
    same(publicKeyOf(key), c.publicKey, 'public key');
    same(parsePublicKey(c.publicKey), c.publicKey, 'public key read back');
    same(encodeHex(publicKeyToBytes(c.publicKey)), c.publicKeyBytes, 'point');
    same(keyIdOf(c.publicKey), c.keyId, 'key id');
  },
  // `viaTryFrom` is a second reader of the reference; here there is one, and it must satisfy both.
  'private-key'(c) {
    expectVerdict(
      c,
      () => parsePrivateKey(c.input),
      (key) => comparePrivate(key, c),
    );
    if (!c.accidental) {
      expectVerdict(
        c.viaTryFrom,
        () => parsePrivateKey(c.input),
        (key) => comparePrivate(key, c.viaTryFrom),
      );
    }
  },
  'public-key'(c) {
    expectVerdict(
      c,
      () => parsePublicKey(c.input),
      (key) => {
        same(key, c.formatted, 'formatted');
        same(encodeHex(publicKeyToBytes(key)), c.bytes, 'point');
        same(keyIdOf(key), c.keyId, 'key id');
      },
    );
  },
  'public-key-json'(c) {
    expectVerdict(
      c,
      () => parsePublicKey(readJsonText(c.input)),
      (key: PublicKey) => {
        same(JSON.stringify(key), c.reserialized, 'reserialized');
      },
    );
  },
  // A key id in a record is any text: nothing but a JSON string is asked of it.
  'key-id-json'(c) {
    expectVerdict(
      c,
      () => readJsonText(c.input),
      (keyId) => {
        same(keyId, c.formatted, 'formatted');
        same(JSON.stringify(keyId), c.reserialized, 'reserialized');
      },
    );
  },
  'signature-algorithm'(c) {
    expectVerdict(
      c,
      () => parseSignatureAlgorithm(c.input),
      (name) => same(name, c.formatted, 'formatted'),
    );
  },
};

// biome-ignore lint/suspicious/noExplicitAny: a vector's result
function comparePrivate(key: PrivateKey, expected: any): void {
  same(encodePrivateKey(key), expected.encoded, 'encoded');
  same(scalarOf(key), expected.scalar, 'scalar');
  same(publicKeyOf(key), expected.publicKey, 'public key');
  same(keyIdOf(publicKeyOf(key)), expected.keyId, 'key id');
}

function scalarOf(key: PrivateKey): string {
  return encodeHex(decodeBase64(encodePrivateKey(key).slice('ecdsa-p256:'.length)));
}
