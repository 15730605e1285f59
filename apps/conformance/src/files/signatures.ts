import {
  decodeBase64,
  decodeHex,
  encodeHex,
  parsePrivateKey,
  parsePublicKey,
  parseSignature,
  publicKeyOf,
  signMessage,
  verifyMessage,
  WargError,
} from '@warg/crypto';
import { readJsonText } from '../json-text.ts';
import { expectVerdict, type Kinds, same } from '../verdict.ts';

export const kinds: Kinds = {
  sign(c) {
    const key = parsePrivateKey(c.privateKey);
    const message = decodeHex(c.message);
    same(publicKeyOf(key), c.publicKey, 'public key');
    const signature = signMessage(key, message);
    same(signature, c.signature, 'signature');
    same(encodeHex(decodeBase64(signature.slice('ecdsa-p256:'.length))), c.der, 'der');
    verifyMessage(parsePublicKey(c.publicKey), message, parseSignature(c.signature));
  },
  verify(c) {
    const key = parsePublicKey(c.publicKey);
    const message = decodeHex(c.message);
    expectVerdict(
      c.parse,
      () => parseSignature(c.signature),
      (text) => same(text, c.parse.formatted, 'formatted'),
    );
    if (c.verify)
      expectVerdict(
        c.verify,
        () => verifyMessage(key, message, c.signature),
        () => {},
      );
    let accepted = true;
    try {
      verifyMessage(key, message, c.signature);
    } catch (error) {
      if (!(error instanceof WargError)) throw error;
      accepted = false;
    }
    same(accepted, c.accepted, 'accepted');
  },
  'signature-json'(c) {
    expectVerdict(
      c,
      () => parseSignature(readJsonText(c.input)),
      (signature) => {
        same(JSON.stringify(signature), c.reserialized, 'reserialized');
      },
    );
  },
};
