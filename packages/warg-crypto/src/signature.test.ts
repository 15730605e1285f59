import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backend as noble } from './backend/noble.ts';
import { backend as node } from './backend/node.ts';
import { encodeBase64, encodeUtf8 } from './bytes.ts';
import { decodeDerSignature, encodeDerSignature } from './der.ts';
import { CryptoError, SignatureError } from './errors.ts';
import { generatePrivateKey, publicKeyOf } from './private-key.ts';
import { parseSignature, SignaturePrefix, sign, verifySignature } from './signature.ts';

const message = fc.uint8Array({ maxLength: 200 });

describe('signatures', () => {
  it('are the same from both implementations, which verify each other', () => {
    fc.assert(
      fc.property(message, (bytes) => {
        const scalar = node.randomScalar();
        const point = node.publicPoint(scalar);
        expect(noble.publicPoint(scalar)).toEqual(point);
        const signature = new Uint8Array(node.sign(scalar, bytes));
        expect(new Uint8Array(noble.sign(scalar, bytes))).toEqual(signature);
        expect(node.verify(point, bytes, signature)).toBe(true);
        expect(noble.verify(point, bytes, signature)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('verify in their domain, over their bytes, with their key, and nowhere else', () => {
    const key = generatePrivateKey();
    const publicKey = publicKeyOf(key);
    const bytes = encodeUtf8('a record');
    const signature = sign(key, SignaturePrefix.packageRecord, bytes);
    verifySignature(publicKey, SignaturePrefix.packageRecord, bytes, signature);
    expect(() => verifySignature(publicKey, SignaturePrefix.operatorRecord, bytes, signature)).toThrow(
      SignatureError,
    );
    expect(() =>
      verifySignature(publicKey, SignaturePrefix.packageRecord, encodeUtf8('b'), signature),
    ).toThrow(expect.objectContaining({ code: 'SIGNATURE_MISMATCH' }));
    const other = publicKeyOf(generatePrivateKey());
    expect(() => verifySignature(other, SignaturePrefix.packageRecord, bytes, signature)).toThrow(
      SignatureError,
    );
  });

  it('do not verify after any one bit of them was flipped', () => {
    const key = generatePrivateKey();
    const bytes = encodeUtf8('a record');
    const der = Buffer.from(sign(key, SignaturePrefix.checkpoint, bytes).slice(11), 'base64');
    for (let bit = 0; bit < der.length * 8; bit++) {
      const flipped = Uint8Array.from(der);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const text = `ecdsa-p256:${encodeBase64(flipped)}`;
      expect(() => verifySignature(publicKeyOf(key), SignaturePrefix.checkpoint, bytes, text)).toThrow(
        CryptoError,
      );
    }
  });

  it('are read as strict DER: what is accepted is what would be written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (compact) => {
        expect(decodeDerSignature(encodeDerSignature(compact))).toEqual(compact);
      }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.array(fc.tuple(fc.nat(71), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: -2, max: 2 }),
        (compact, edits, grow) => {
          const der = [...encodeDerSignature(compact)];
          for (const [at, value] of edits) if (at < der.length) der[at] = value;
          const edited = Uint8Array.from(
            grow < 0 ? der.slice(0, grow) : [...der, ...new Array(grow).fill(0)],
          );
          const read = decodeDerSignature(edited);
          if (read) expect(encodeDerSignature(read)).toEqual(edited);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('are refused with a typed error when they are none', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 150 }), (text) => {
        expect(() => parseSignature(`ecdsa-p256:${text}`)).toThrow(CryptoError);
      }),
    );
  });
});
