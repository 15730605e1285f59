import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backend } from '#backend';
import { backend as noble } from './backend/noble.ts';
import { backend as node } from './backend/node.ts';
import { encodeBase64, encodeUtf8 } from './bytes.ts';
import { decodeDerSignature, encodeDerSignature, isDerSignature } from './der.ts';
import { CryptoError, SignatureError } from './errors.ts';
import type { PublicKey } from './keys.ts';
import { generatePrivateKey, publicKeyOf, scalarOf } from './private-key.ts';
import { isScalar } from './scalar.ts';
import {
  parseSignature,
  SignaturePrefix,
  sign,
  verifySignature,
  verifySignatureAsync,
  verifySignatures,
} from './signature.ts';

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
        const der = encodeDerSignature(signature);
        expect(node.verify(point, bytes, der)).toBe(true);
        expect(noble.verify(point, bytes, der)).toBe(true);
        der[der.length - 1]! ^= 1;
        expect(node.verify(point, bytes, der)).toBe(false);
        expect(noble.verify(point, bytes, der)).toBe(false);
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

  it('verify alike in both ways of both implementations, whatever was changed', async () => {
    const scalar = node.randomScalar();
    const keys = [scalar, node.randomScalar()].map((each) => node.publicPoint(each));
    const offCurve = Uint8Array.of(2, ...new Uint8Array(32).fill(0xff));
    const bytes = encodeUtf8('a record');
    const good = new Uint8Array(node.sign(scalar, bytes));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...keys, offCurve),
        fc.constantFrom(bytes, encodeUtf8('b record')),
        fc.option(fc.nat(511)),
        async (point, message, bit) => {
          const compact = good.slice();
          if (bit !== null) compact[bit >> 3] = (compact[bit >> 3] as number) ^ (1 << (bit & 7));
          const signature = encodeDerSignature(compact);
          const expected = point === keys[0] && message === bytes && bit === null;
          for (const backend of [node, noble]) {
            expect(backend.verify(point, message, signature)).toBe(expected);
            expect(await backend.verifyAsync(point, message, signature)).toBe(expected);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('fail in the same way when they are verified off the thread', async () => {
    const key = generatePrivateKey();
    const bytes = encodeUtf8('a record');
    const signature = sign(key, SignaturePrefix.packageRecord, bytes);
    const publicKey = publicKeyOf(key);
    await verifySignatureAsync(publicKey, SignaturePrefix.packageRecord, bytes, signature);
    for (const [key, prefix, content, text] of [
      [publicKey, SignaturePrefix.operatorRecord, bytes, signature],
      [publicKey, SignaturePrefix.packageRecord, encodeUtf8('b'), signature],
      [publicKeyOf(generatePrivateKey()), SignaturePrefix.packageRecord, bytes, signature],
      [publicKey, SignaturePrefix.packageRecord, bytes, 'ecdsa-p256:AAAA'],
      [publicKey, SignaturePrefix.packageRecord, bytes, `ecdsa-p384:${signature.slice(11)}`],
      ['ecdsa-p256:AAAA' as PublicKey, SignaturePrefix.packageRecord, bytes, signature],
    ] as const) {
      const expected = thrownBy(() => verifySignature(key, prefix, content, text));
      expect(expected).toBeInstanceOf(CryptoError);
      await expect(verifySignatureAsync(key, prefix, content, text)).rejects.toEqual(expected);
    }
  });

  it('are verified over the bytes that were given, whatever becomes of these meanwhile', async () => {
    const key = generatePrivateKey();
    const bytes = encodeUtf8('a record');
    const signature = sign(key, SignaturePrefix.packageRecord, bytes);
    const verified = verifySignatureAsync(publicKeyOf(key), SignaturePrefix.packageRecord, bytes, signature);
    bytes.fill(0);
    await verified;
    const point = node.publicPoint(scalarOf(key));
    const message = encodeUtf8('a message');
    const der = encodeDerSignature(node.sign(scalarOf(key), message));
    const answers = Promise.all([node, noble].map((each) => each.verifyAsync(point, message, der)));
    message.fill(0);
    der.fill(0);
    expect(await answers).toEqual([true, true]);
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

  it('are written in the fewest bytes, however small their numbers are', () => {
    const small = fc
      .tuple(fc.nat(32), fc.uint8Array({ minLength: 32, maxLength: 32 }))
      .map(([zeros, number]) => {
        return number.fill(0, 0, zeros);
      });
    fc.assert(
      fc.property(small, small, (r, s) => {
        const compact = Uint8Array.from([...r, ...s]);
        const der = encodeDerSignature(compact);
        expect(decodeDerSignature(der)).toEqual(compact);
        expect(der[1]).toBe(der.length - 2);
      }),
      { numRuns: 500 },
    );
    expect(encodeDerSignature(new Uint8Array(64))).toEqual(Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0));
  });

  it('are known by their DER without taking it apart', () => {
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
    const half = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc
        .tuple(fc.nat(32), fc.uint8Array({ minLength: 32, maxLength: 32 }))
        .map(([n, bytes]) => bytes.fill(0, 0, n)),
      fc.bigInt({ min: -2n, max: 2n }).map((away) => {
        return Uint8Array.from(Buffer.from((BigInt(`0x${order}`) + away).toString(16), 'hex'));
      }),
    );
    const edits = fc.array(fc.tuple(fc.nat(71), fc.nat(255)), { maxLength: 2 });
    fc.assert(
      fc.property(half, half, edits, fc.integer({ min: -2, max: 2 }), (r, s, changes, grow) => {
        const bytes = [...encodeDerSignature(Uint8Array.from([...r, ...s]))];
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const der = Uint8Array.from(grow < 0 ? bytes.slice(0, grow) : [...bytes, ...new Array(grow).fill(0)]);
        const compact = decodeDerSignature(der);
        expect(isDerSignature(der)).toBe(
          compact !== undefined && isScalar(compact.subarray(0, 32)) && isScalar(compact.subarray(32)),
        );
      }),
      { numRuns: 5_000 },
    );
    for (let length = 0; length < 12; length++) {
      expect(isDerSignature(new Uint8Array(length))).toBe(false);
      expect(isDerSignature(new Uint8Array(length).fill(2))).toBe(false);
    }
  });

  it('come to the same many at once as one after the other', async () => {
    const keys = [generatePrivateKey(), generatePrivateKey()];
    // More than wait for other threads at a time, and one that is too long to be put together in passing.
    const good = Array.from({ length: 150 }, (_, i) => {
      const key = keys[i & 1] as (typeof keys)[number];
      const bytes = new Uint8Array(i === 70 ? 40_000 : i);
      const prefix = i % 3 === 0 ? SignaturePrefix.operatorRecord : SignaturePrefix.packageRecord;
      const signature: string = sign(key, prefix, bytes);
      return { publicKey: publicKeyOf(key), prefix: prefix as SignaturePrefix, bytes, signature };
    });
    await verifySignatures(good);
    await verifySignatures([]);
    const change = fc.constantFrom<(item: (typeof good)[number]) => (typeof good)[number]>(
      (item) => ({ ...item, signature: 'ecdsa-p256:AAAA' }),
      (item) => ({ ...item, signature: (good[1] as (typeof good)[number]).signature }),
      (item) => ({ ...item, bytes: Uint8Array.of(1, 2, 3) }),
      (item) => ({ ...item, prefix: SignaturePrefix.checkpoint }),
      (item) => ({ ...item, publicKey: publicKeyOf(generatePrivateKey()) }),
      (item) => ({ ...item, publicKey: 'ecdsa-p256:AAAA' as PublicKey }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 2, max: 149 }), change), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const items = [...good];
          for (const [at, one] of changes) items[at] = one(items[at] as (typeof good)[number]);
          const expected = thrownBy(() => {
            for (const { publicKey, prefix, bytes, signature } of items)
              verifySignature(publicKey, prefix, bytes, signature);
          });
          expect(expected).toBeInstanceOf(CryptoError);
          await expect(verifySignatures(items)).rejects.toEqual(expected);
        },
      ),
      { numRuns: backend.name === 'node' ? 40 : 4 },
    );
  }, 60_000);

  it('are refused with a typed error when they are none', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 150 }), (text) => {
        expect(() => parseSignature(`ecdsa-p256:${text}`)).toThrow(CryptoError);
      }),
    );
  });
});

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
