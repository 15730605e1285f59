// The portable implementation: @noble, audited, in plain JavaScript.

import { p256 } from '@noble/curves/nist.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { concatBytes } from '../bytes.ts';
import { decodeDerSignature } from '../der.ts';
import type { Backend } from './backend.ts';
import { decodePortableBase64, encodePortableBase64 } from './portable-base64.ts';

// Messages are hashed with SHA-256 by noble itself; high s is neither avoided nor refused, as the protocol says.
const OPTIONS = { prehash: true, lowS: false, format: 'compact' } as const;

export const backend: Backend = {
  name: 'noble',
  encodeBase64: encodePortableBase64,
  decodeBase64: decodePortableBase64,
  peekBase64: decodePortableBase64,
  sha256(parts) {
    if (parts.length === 1) return nobleSha256(parts[0] as Uint8Array);
    const hash = nobleSha256.create();
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  sha256Hex: (parts) => bytesToHex(backend.sha256(parts)),
  createSha256: () => nobleSha256.create(),
  randomScalar: () => p256.utils.randomSecretKey(),
  publicPoint: (scalar) => p256.getPublicKey(scalar, true),
  decodePoint(sec1) {
    try {
      return p256.Point.fromBytes(sec1).toBytes(true);
    } catch {
      return undefined;
    }
  },
  sign: (scalar, message) => p256.sign(message, scalar, { ...OPTIONS, extraEntropy: false }),
  verify(point, message, der) {
    const signature = decodeDerSignature(der);
    try {
      return signature !== undefined && p256.verify(signature, message, point, OPTIONS);
    } catch {
      return false;
    }
  },
  // There is no other thread to do it.
  verifyAsync: async (point, message, der) => backend.verify(point, message, der),
  verifyMany: async (items) =>
    items.map(({ point, prefix, bytes, der }) => backend.verify(point, concatBytes(prefix, bytes), der)),
};
