import { createPublicKey, verify } from 'node:crypto';
import { inspect } from 'node:util';
import { digestOf, digestToBytes, encodeBase64, encodeUtf8 } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { checkpointNote } from './checkpoint-note.ts';
import { generateLogKey, parseLogKey } from './log-key.ts';

// The key pair and the signed note in the documentation of golang.org/x/mod/sumdb/note.
const skey = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const text =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const line =
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

const invalid = expect.objectContaining({ name: 'LogKeyError', code: 'INVALID_LOG_KEY' });

describe('the key of a log', () => {
  it('is read, written and signs as in Go', () => {
    const key = parseLogKey(skey);
    expect(key.verifierKey).toBe(vkey);
    expect(key.encode()).toBe(skey);
    expect(key.signatureLine(text)).toBe(line);
  });

  it('is another one each time', () => {
    const key = generateLogKey('registry.example/log');
    expect(parseLogKey(key.encode()).verifierKey).toBe(key.verifierKey);
    expect(generateLogKey('registry.example/log').verifierKey).not.toBe(key.verifierKey);
  });

  it('is not shown', () => {
    const key = parseLogKey(skey);
    expect(inspect(key, { depth: 5, showHidden: true })).not.toContain('AYEKFALVFGyN');
    expect(JSON.stringify(key)).not.toContain('AYEKFALVFGyN');
  });

  it.each([
    '',
    vkey,
    skey.slice(0, -1),
    skey.replace('c74f20a3', 'c74f20a4'),
    skey.replace('c74f20a3', 'C74F20A3'),
    skey.replace('PeterNeumann', 'Peter Neumann'),
    skey.replace('+AYEK', '+AoEK'),
    `${skey}\n`,
  ])('is not %j', (changed) => {
    expect(() => parseLogKey(changed)).toThrow(invalid);
    if (changed.length > 20) expect(() => parseLogKey(changed)).not.toThrow(/AYEK/);
  });

  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u00a0b', 'a\u0000', 'x'.repeat(256)])(
    'cannot be called %j',
    (name) => {
      expect(() => generateLogKey(name)).toThrow(invalid);
    },
  );

  it('signs a checkpoint', () => {
    const key = generateLogKey('registry.example/log');
    const logRoot = digestOf(encodeUtf8('root'));
    const { text: note } = checkpointNote({ logLength: 7, logRoot }, key);
    const [body, signatures] = note.split('\n\n');
    expect(body).toBe(`registry.example/log\n7\n${encodeBase64(digestToBytes(logRoot))}`);
    const [, name, base64] = /^\u2014 (\S+) (\S+)\n$/.exec(signatures!)!;
    expect(name).toBe('registry.example/log');
    const publicKey = createPublicKey({
      key: {
        kty: 'OKP',
        crv: 'Ed25519',
        x: Buffer.from(key.verifierKey.split('+').slice(2).join('+'), 'base64')
          .subarray(1)
          .toString('base64url'),
      },
      format: 'jwk',
    });
    const signature = Buffer.from(base64!, 'base64').subarray(4);
    expect(verify(null, encodeUtf8(`${body}\n`), publicKey, signature)).toBe(true);
  });
});
