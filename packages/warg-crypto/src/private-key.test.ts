import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { encodeBase64 } from './bytes.ts';
import { parseDigest, parseHash } from './hash.ts';
import { parseKeyId, parsePublicKey } from './keys.ts';
import {
  encodePrivateKey,
  generatePrivateKey,
  PrivateKey,
  parsePrivateKey,
  publicKeyOf,
} from './private-key.ts';
import { parseSignature } from './signature.ts';

describe('private keys', () => {
  it('read back what was written', () => {
    const key = generatePrivateKey();
    expect(encodePrivateKey(parsePrivateKey(encodePrivateKey(key)))).toBe(encodePrivateKey(key));
    expect(publicKeyOf(parsePrivateKey(encodePrivateKey(key)))).toBe(publicKeyOf(key));
  });

  it('show nothing of themselves', () => {
    const key = generatePrivateKey();
    const secret = encodePrivateKey(key).slice('ecdsa-p256:'.length);
    const shown = [
      inspect(key, { showHidden: true, depth: 9 }),
      inspect({ deep: [key] }, { customInspect: false, showHidden: true }),
      JSON.stringify({ key }),
      String(key),
      `${key}`,
      JSON.stringify(structuredClone(key)),
      Object.keys(key).join(),
    ];
    for (const text of shown) expect(text).not.toContain(secret);
  });

  it('have no way to the secret on their class, and no way round the parser', () => {
    const own = [
      ...Object.getOwnPropertyNames(PrivateKey),
      ...Object.getOwnPropertyNames(PrivateKey.prototype),
    ];
    expect(own.sort()).toEqual(['constructor', 'length', 'name', 'prototype', 'toJSON', 'toString']);
    // @ts-expect-error: the constructor is private
    new PrivateKey(new Uint8Array(32));
  });

  it('are not printed by the error that refuses them', () => {
    const secret = encodePrivateKey(generatePrivateKey());
    const payload = secret.slice('ecdsa-p256:'.length, -2);
    const readers = [parsePrivateKey, parsePublicKey, parseSignature, parseKeyId, parseDigest, parseHash];
    const spellings = [
      `${secret}=`,
      secret.slice(0, -1),
      ` ${secret}`,
      `${secret}\n`,
      secret.toUpperCase(),
      secret,
    ];
    for (const read of readers) {
      for (const text of spellings) {
        if (read === parsePrivateKey && text === secret) continue;
        let caught: unknown;
        try {
          read(text);
        } catch (error) {
          caught = error;
        }
        expect(caught).toBeDefined();
        expect(inspect(caught).toLowerCase()).not.toContain(payload.toLowerCase());
      }
    }
  });

  it('accept every scalar of the group and no other', () => {
    const scalar = (hex: string) => `ecdsa-p256:${encodeBase64(Buffer.from(hex, 'hex'))}`;
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
    expect(() => parsePrivateKey(scalar(order))).toThrow(
      expect.objectContaining({ code: 'INVALID_PRIVATE_KEY' }),
    );
    expect(() => parsePrivateKey(scalar('00'.repeat(32)))).toThrow();
    expect(publicKeyOf(parsePrivateKey(scalar(`${order.slice(0, -2)}50`)))).toMatch(/^ecdsa-p256:/);
    expect(publicKeyOf(parsePrivateKey(scalar(`${'00'.repeat(31)}01`)))).toBe(
      'ecdsa-p256:A2sX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW',
    );
  });
});
