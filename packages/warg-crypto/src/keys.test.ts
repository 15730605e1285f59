import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from './bytes.ts';
import { CryptoError } from './errors.ts';
import { type PublicKey, parsePublicKey } from './keys.ts';
import { generatePrivateKey, publicKeyOf } from './private-key.ts';
import { signMessage, verifyMessage } from './signature.ts';

describe('public keys', () => {
  it('refuse the tags that OpenSSL knows and SEC1 compressed is not', () => {
    const point = Buffer.from(publicKeyOf(generatePrivateKey()).slice(11), 'base64');
    for (const tag of [0, 1, 4, 5, 6, 7]) {
      point[0] = tag;
      expect(() => parsePublicKey(`ecdsa-p256:${point.toString('base64')}`)).toThrow(
        expect.objectContaining({ code: 'INVALID_PUBLIC_KEY' }),
      );
    }
    for (const tag of [6, 7]) {
      const hybrid = Buffer.alloc(65, 1);
      hybrid[0] = tag;
      expect(() => parsePublicKey(`ecdsa-p256:${hybrid.toString('base64')}`)).toThrow();
    }
  });

  it('are read with a typed error or not at all', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 120 }), (text) => {
        for (const input of [text, `ecdsa-p256:${text}`, `ecdsa-p256:${encodeBase64(Buffer.from(text))}`]) {
          expect(() => parsePublicKey(input)).toThrow(expect.objectContaining({ code: expect.any(String) }));
        }
      }),
    );
  });
});

describe('a text that only claims to be a public key', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const key = generatePrivateKey();
  const signature = signMessage(key, bytes);
  const point = Buffer.from(publicKeyOf(key).slice(11), 'base64');

  it.each<[string, Uint8Array]>([
    ['no bytes', new Uint8Array(0)],
    ['a byte too few', point.subarray(0, 32)],
    ['a byte behind the point', Buffer.concat([point, Buffer.of(0)])],
    ['a point off the curve', Buffer.concat([Buffer.of(2), Buffer.alloc(32, 0xff)])],
  ])('verifies nothing: %s', (_, claimed) => {
    const text = `ecdsa-p256:${encodeBase64(claimed)}` as PublicKey;
    expect(() => verifyMessage(text, bytes, signature)).toThrow(CryptoError);
    expect(() => verifyMessage('' as PublicKey, bytes, signature)).toThrow(CryptoError);
  });
});
