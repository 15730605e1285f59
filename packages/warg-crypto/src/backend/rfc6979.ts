// Deterministic ECDSA for node:crypto. The protocol's signatures use the nonce of RFC 6979, so that the same
// record signed twice is the same envelope. OpenSSL multiplies the curve point; what remains is one HMAC chain
// and one modular inverse. BigInt arithmetic is not constant-time (nor is noble's), so the nonce is blinded
// with a fresh random factor before it is inverted and never meets a division unblinded.

import { createHmac, hash, randomBytes } from 'node:crypto';

/** The order of the P-256 group (SEC 2, section 2.4.2). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Signs SHA-256 of `message`; returns r and s, 32 bytes each (RFC 6979, section 3.2; FIPS 186-5, section 6.4.1). */
export function rfc6979Sign(
  scalar: Uint8Array,
  message: Uint8Array,
  publicPoint: (scalar: Uint8Array) => Uint8Array,
): Uint8Array {
  const digest = hash('sha256', message, 'buffer');
  const z = toBigInt(digest) % N;
  const d = toBigInt(scalar);
  for (const nonce of nonces(scalar, toBytes(z))) {
    const k = toBigInt(nonce);
    if (k === 0n || k >= N) continue;
    const r = toBigInt(publicPoint(nonce).subarray(1)) % N;
    if (r === 0n) continue;
    const blind = (toBigInt(randomBytes(40)) % (N - 1n)) + 1n;
    const s = (((blind * z + ((blind * r) % N) * d) % N) * invert((k * blind) % N)) % N;
    if (s === 0n) continue;
    const signature = new Uint8Array(64);
    signature.set(toBytes(r), 0);
    signature.set(toBytes(s), 32);
    return signature;
  }
  throw new Error('unreachable: the sequence of nonces does not end');
}

/** The candidates for the nonce, RFC 6979 section 3.2, steps b to h. */
function* nonces(scalar: Uint8Array, hashed: Uint8Array): Generator<Uint8Array> {
  let v: Uint8Array = new Uint8Array(32).fill(1);
  let k: Uint8Array = new Uint8Array(32);
  k = hmac(k, v, [0], scalar, hashed);
  v = hmac(k, v);
  k = hmac(k, v, [1], scalar, hashed);
  v = hmac(k, v);
  for (;;) {
    v = hmac(k, v);
    yield v;
    k = hmac(k, v, [0]);
    v = hmac(k, v);
  }
}

function hmac(key: Uint8Array, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part instanceof Uint8Array ? part : Uint8Array.from(part));
  return mac.digest();
}

/** The inverse modulo N of a number in 1..N-1, by the extended Euclidean algorithm. */
function invert(value: bigint): bigint {
  let [a, b] = [value, N];
  let [u, v] = [1n, 0n];
  while (a !== 0n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [u, v] = [v - quotient * u, u];
  }
  return ((v % N) + N) % N;
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}

function toBytes(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}
