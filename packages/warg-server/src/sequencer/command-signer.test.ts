import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodePrivateKey,
  generatePrivateKey,
  publicKeyOf,
  SignaturePrefix,
  verifySignature,
} from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testPackage } from '../../test/publisher.ts';
import { callerOf } from '../../test/registry-caller.ts';
import { createRegistry, memoryStore, sqliteStore } from '../create-registry.ts';
import { commandSigner } from './command-signer.ts';

const key = generatePrivateKey();
const publicKey = publicKeyOf(key);
const bytes = Uint8Array.of(1, 2, 3);

describe('a program that signs', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'warg-signer-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** A program with this JavaScript, which finds what is to be signed in `message`. */
  function program(name: string, script: string): string {
    const file = join(dir, `${name}.mjs`);
    const crypto = import.meta.resolve('@warg/crypto');
    const start = `#!${process.execPath}
import { readFileSync } from 'node:fs';
import { parsePrivateKey, signMessage } from '${crypto}';
const message = new Uint8Array(readFileSync(0));
`;
    writeFileSync(file, `${start}${script}`);
    chmodSync(file, 0o700);
    return file;
  }
  const right = (name: string) =>
    program(name, `console.log(signMessage(parsePrivateKey('${encodePrivateKey(key)}'), message));`);

  it('signs what a key would sign', async () => {
    const signature = await commandSigner(right('right'), publicKey).sign(SignaturePrefix.checkpoint, bytes);
    verifySignature(publicKey, SignaturePrefix.checkpoint, bytes, signature);
  });

  it.each([
    [
      'another key',
      `console.log(signMessage(parsePrivateKey('${encodePrivateKey(generatePrivateKey())}'), message));`,
    ],
    [
      'other bytes',
      `console.log(signMessage(parsePrivateKey('${encodePrivateKey(key)}'), message.subarray(1)));`,
    ],
    ['no signature', `console.log('approved');`],
    ['nothing', ''],
  ])('is not believed if it signs with %s', async (name, script) => {
    const signer = commandSigner(program(name.replace(' ', '-'), script), publicKey);
    await expect(signer.sign(SignaturePrefix.checkpoint, bytes)).rejects.toMatchObject({
      code: 'SIGNER_FAILED',
      message: expect.stringContaining('was expected to write a signature by'),
    });
  });

  it.each([
    [
      'fails',
      `console.error('the card is locked'); process.exit(3);`,
      'ended with code 3: the card is locked',
    ],
    [
      'talks',
      `process.stdout.write('x'.repeat(1e6)); setInterval(() => {}, 1000);`,
      'wrote more than 4096 bytes',
    ],
    ['hangs', 'setInterval(() => {}, 1000);', 'did not answer within 2 seconds'],
  ])('is given up if it %s', async (name, script, message) => {
    const signer = commandSigner(program(name, script), publicKey, { timeout: 2_000 });
    await expect(signer.sign(SignaturePrefix.checkpoint, bytes)).rejects.toMatchObject({
      code: 'SIGNER_FAILED',
      message: expect.stringContaining(message),
    });
  });

  it('is named if it is not there', async () => {
    const signer = commandSigner(join(dir, 'nowhere'), publicKey);
    await expect(signer.sign(SignaturePrefix.checkpoint, bytes)).rejects.toMatchObject({
      message: expect.stringContaining('cannot be started'),
    });
  });

  it.each([
    ['memory', () => memoryStore()],
    ['SQLite, whose writer is in another thread', () => sqliteStore(join(dir, 'registry.db'))],
  ])('signs for a registry in %s; while it fails records wait, and nothing is lost', async (name, store) => {
    let isBroken = false;
    const inner = commandSigner(right(name.slice(0, 6)), publicKey);
    const registry = await createRegistry({
      store: store(),
      namespaces: ['test'],
      operatorSigner: {
        publicKey,
        sign: async (prefix, message) => {
          if (isBroken) throw new Error('away');
          return inner.sign(prefix, message);
        },
      },
    });
    const call = callerOf(registry.fetch);
    expect(registry.operatorKey).toBe(publicKey);
    expect(await call.settle(testPackage('test:a').init())).toMatchObject({ state: 'published' });
    isBroken = true;
    const record = testPackage('test:b').init();
    expect((await call.publish(record)).json()).toMatchObject({ state: 'processing' });
    isBroken = false;
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
    await registry.close();
  });
});
