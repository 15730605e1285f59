// The implementation on Node: OpenSSL through node:crypto, with the same synchronous API as noble.

import { createECDH, createHash, createPublicKey, ECDH, hash, type KeyObject, verify } from 'node:crypto';
import type { Backend } from './backend.ts';
import { rfc6979Sign } from './rfc6979.ts';

const CURVE = 'prime256v1';
/** Of signatures: r and s, and nothing around them. */
// SubjectPublicKeyInfo of a compressed P-256 point, up to the point itself (RFC 5480).
const SPKI_PREFIX = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');

// Importing a key takes longer than verifying with it, and a log is signed by few keys. A Map keeps the order
// of insertion, so the first key is the one that was used longest ago.
const KEY_CACHE_SIZE = 1024;
const keyObjects = new Map<string, KeyObject>();

function importPoint(point: Uint8Array): KeyObject {
  const id = view(point).toString('latin1');
  let key = keyObjects.get(id);
  if (key) {
    keyObjects.delete(id);
  } else {
    key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, point]), format: 'der', type: 'spki' });
    if (keyObjects.size >= KEY_CACHE_SIZE) keyObjects.delete(keyObjects.keys().next().value as string);
  }
  keyObjects.set(id, key);
  return key;
}

/** Undefined for a point off the curve. */
function tryImport(point: Uint8Array): KeyObject | undefined {
  try {
    return importPoint(point);
  } catch {
    return undefined;
  }
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

export const backend: Backend = {
  name: 'node',
  encodeBase64: (bytes) => view(bytes).toString('base64'),
  decodeBase64(text) {
    // Buffer reads whatever it can and skips the rest; only what it writes back the same was canonical.
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? own(bytes) : undefined;
  },
  sha256(parts) {
    if (parts.length === 1) return own(hash('sha256', parts[0] as Uint8Array, 'buffer'));
    const streaming = createHash('sha256');
    for (const part of parts) streaming.update(part);
    return own(streaming.digest());
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
    try {
      const point = ECDH.convertKey(sec1, CURVE, undefined, undefined, 'compressed');
      return own(point as unknown as Uint8Array);
    } catch {
      return undefined;
    }
  },
  // OpenSSL's own ECDSA draws a random nonce, and Node has no option for the deterministic one.
  sign: (scalar, message) => rfc6979Sign(scalar, message, publicPoint),
  // The key itself and DER, because options around it cost a third of a verification.
  verify(point, message, der) {
    const key = tryImport(point);
    return key !== undefined && verify('sha256', message, key, der);
  },
  // With a callback the work is done by libuv's threads (four, unless UV_THREADPOOL_SIZE says otherwise), on copies.
  verifyAsync(point, message, der) {
    const key = tryImport(point);
    if (key === undefined) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      verify('sha256', message, key, der, (error, isGood) => {
        if (error) reject(error);
        else resolve(isGood);
      });
    });
  },
};
