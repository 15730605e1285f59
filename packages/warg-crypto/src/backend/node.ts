// The implementation on Node: OpenSSL through node:crypto, with the same synchronous API as noble.

import { createECDH, createHash, createPublicKey, ECDH, hash, type KeyObject, verify } from 'node:crypto';
import type { Backend } from './backend.ts';
import { rfc6979Sign } from './rfc6979.ts';

const CURVE = 'prime256v1';

/** A point on the curve, and the key that it is, once something was verified with it. */
interface KnownPoint {
  readonly compressed: Uint8Array;
  /** 4, then x and y, 32 bytes each. */
  readonly uncompressed: Buffer;
  key: KeyObject | undefined;
}

// Finding the second coordinate and importing a key take longer than verifying with it, and a log is signed by few
// keys. A Map keeps the order of insertion, so the first point is the one that was used longest ago.
const KNOWN_POINTS = 1024;
const points = new Map<string, KnownPoint>();

/** The point that a SEC1 text of any form names; undefined where it is not on the curve. */
function findPoint(sec1: Uint8Array): KnownPoint | undefined {
  const id = view(sec1).toString('latin1');
  let point = points.get(id);
  if (point) {
    points.delete(id);
  } else {
    let uncompressed: Buffer;
    try {
      // The answer is a Buffer where no encoding is asked for.
      uncompressed = ECDH.convertKey(sec1, CURVE, undefined, undefined, 'uncompressed') as unknown as Buffer;
    } catch {
      return undefined;
    }
    const compressed = new Uint8Array(33);
    compressed[0] = 2 + ((uncompressed[64] as number) & 1);
    compressed.set(uncompressed.subarray(1, 33), 1);
    point = { compressed, uncompressed, key: undefined };
    if (points.size >= KNOWN_POINTS) points.delete(points.keys().next().value as string);
  }
  points.set(id, point);
  return point;
}

function findKey(sec1: Uint8Array): KeyObject | undefined {
  const point = findPoint(sec1);
  if (point === undefined) return undefined;
  if (point.key === undefined) {
    const x = point.uncompressed.toString('base64url', 1, 33);
    const y = point.uncompressed.toString('base64url', 33, 65);
    // OpenSSL takes half the time for the numbers that it takes to find out what some DER is.
    point.key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  }
  return point.key;
}

function publicPoint(scalar: Uint8Array): Uint8Array<ArrayBuffer> {
  const ecdh = createECDH(CURVE);
  ecdh.setPrivateKey(scalar);
  return own(ecdh.getPublicKey(null, 'compressed') as unknown as Uint8Array);
}

/** The same bytes as a Buffer, not a copy of them. */
function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A plain Uint8Array: callers are promised no Buffer, whose methods differ (`slice`) and which shares a pool. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

const NO_BASE64 = /[^A-Za-z0-9+/]/;

/** Buffer reads whatever it can and skips the rest: whether a text is the one spelling of its bytes is asked before. */
function isCanonicalBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false;
  if (!text.endsWith('=')) return !NO_BASE64.test(text);
  const digits = text.slice(0, text.endsWith('==') ? -2 : -1);
  // The last digit before one or two `=` has two or four bits behind the last byte, which are zero.
  const lasts = text.endsWith('==') ? 'AQgw' : 'AEIMQUYcgkosw048';
  return lasts.includes(digits.slice(-1)) && !NO_BASE64.test(digits);
}

// Hashing short bytes takes less time than making an object that hashes. What is put together here is used up before
// anything else can run.
const scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** All parts, one behind the other, until the next call; undefined where they are long. */
function together(parts: readonly Uint8Array[]): Uint8Array | undefined {
  if (parts.length === 1) return parts[0];
  let length = 0;
  for (const part of parts) {
    if (length + part.length > scratch.length) return undefined;
    scratch.set(part, length);
    length += part.length;
  }
  return scratch.subarray(0, length);
}

function streamed(parts: readonly Uint8Array[]): Buffer {
  const streaming = createHash('sha256');
  for (const part of parts) streaming.update(part);
  return streaming.digest();
}

// So many verifications wait for libuv's threads at most; a thread that has more to give verifies itself meanwhile.
const MOST_WAITING = 64;
let waiting = 0;

export const backend: Backend = {
  name: 'node',
  encodeBase64: (bytes) => view(bytes).toString('base64'),
  decodeBase64(text) {
    return isCanonicalBase64(text) ? own(Buffer.from(text, 'base64')) : undefined;
  },
  peekBase64(text) {
    return isCanonicalBase64(text) ? Buffer.from(text, 'base64') : undefined;
  },
  sha256(parts) {
    const whole = together(parts);
    return own(whole ? hash('sha256', whole, 'buffer') : streamed(parts));
  },
  sha256Hex(parts) {
    const whole = together(parts);
    return whole ? hash('sha256', whole, 'hex') : streamed(parts).toString('hex');
  },
  createSha256() {
    const streaming = createHash('sha256');
    return { update: (bytes) => streaming.update(bytes), digest: () => own(streaming.digest()) };
  },
  randomScalar() {
    const ecdh = createECDH(CURVE);
    ecdh.generateKeys();
    // OpenSSL leaves out leading zero bytes.
    const scalar = new Uint8Array(32);
    const bytes = ecdh.getPrivateKey();
    scalar.set(bytes, 32 - bytes.length);
    bytes.fill(0);
    return scalar;
  },
  publicPoint,
  decodePoint(sec1) {
    const point = findPoint(sec1);
    return point && own(point.compressed);
  },
  // OpenSSL's own ECDSA draws a random nonce, and Node has no option for the deterministic one.
  sign: (scalar, message) => rfc6979Sign(scalar, message, publicPoint),
  // The key itself and DER, because options around it cost a third of a verification.
  verify(point, message, der) {
    const key = findKey(point);
    return key !== undefined && verify('sha256', message, key, der);
  },
  // With a callback the work is done by libuv's threads (four, unless UV_THREADPOOL_SIZE says otherwise), on copies.
  verifyAsync(point, message, der) {
    const key = findKey(point);
    if (key === undefined) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      verify('sha256', message, key, der, (error, isGood) => {
        if (error) reject(error);
        else resolve(isGood);
      });
    });
  },
  verifyMany(items) {
    return new Promise((resolve, reject) => {
      const results: boolean[] = new Array(items.length).fill(false);
      // One more, until all are begun.
      let open = 1;
      const end = () => {
        if (--open === 0) resolve(results);
      };
      items.forEach(({ point, prefix, bytes, der }, index) => {
        const key = findKey(point);
        if (key === undefined) return;
        const message = together([prefix, bytes]) ?? Buffer.concat([prefix, bytes]);
        if (waiting >= MOST_WAITING) {
          results[index] = verify('sha256', message, key, der);
          return;
        }
        open++;
        waiting++;
        // What is handed over is copied.
        verify('sha256', message, key, der, (error, isGood) => {
          waiting--;
          if (error) reject(error);
          else results[index] = isGood;
          end();
        });
      });
      end();
    });
  },
};
