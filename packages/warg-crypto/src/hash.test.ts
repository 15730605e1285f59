import { describe, expect, it } from 'vitest';
import {
  createSha256,
  digestFromBytes,
  digestOf,
  digestToBytes,
  formatHash,
  parseDigest,
  parseHash,
  sha256,
} from './hash.ts';

describe('digests', () => {
  it('have one spelling', () => {
    const digest = digestOf(Uint8Array.of(1));
    expect(parseDigest(digest)).toBe(digest);
    for (const other of [
      digest.toUpperCase(),
      `${digest}\n`,
      `${digest}00`,
      digest.slice(0, -2),
      ` ${digest}`,
    ]) {
      expect(() => parseDigest(other)).toThrow(expect.objectContaining({ code: expect.any(String) }));
    }
  });
});

describe('hashes', () => {
  it('are the same in one piece, in several and streamed', () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
    for (const cut of [0, 1, 64, 299, 300]) {
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)] as const;
      expect(sha256(...parts)).toEqual(sha256(bytes));
      expect(createSha256().update(parts[0]).update(parts[1]).digest()).toEqual(sha256(bytes));
    }
    expect(digestToBytes(digestOf(bytes))).toEqual(sha256(bytes));
  });

  it('of any length are read and written, and only those of 32 bytes are digests', () => {
    for (const text of ['sha256:', 'sha256:ab', `sha256:${'ab'.repeat(33)}`]) {
      expect(formatHash(parseHash(text))).toBe(text);
      expect(() => digestFromBytes(parseHash(text).bytes)).toThrow(
        expect.objectContaining({ code: 'INVALID_HASH_LENGTH' }),
      );
    }
    for (const text of ['', 'sha256', 'sha256:a', 'sha256:AB', 'sha512:ab', 'sha256:ab:cd']) {
      expect(() => parseHash(text)).toThrow(expect.objectContaining({ name: 'CryptoError' }));
    }
  });
});
