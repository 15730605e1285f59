import { generatePrivateKey } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestNamed, testPackage } from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore } from '../store/sqlite/sqlite-store.ts';
import type { HeadMemory, SignedHead } from './head-file.ts';
import { compareWithMark, requireMarks } from './high-water.ts';
import { soleLeadership } from './leadership.ts';
import { Sequencer } from './sequencer.ts';
import { keySigner } from './signer.ts';

const operatorKey = generatePrivateKey();
const log = { debug() {}, info() {}, warn() {}, error() {} };

let registry: TestRegistry;
let store: RegistryStore;
/** What was signed, by length. */
const heads: SignedHead[] = [];
beforeEach(async () => {
  store = openMemoryStore();
  registry = await testRegistry({ store, operatorKey });
  const pkg = testPackage('test:a', { now: registry.clock.now });
  heads.length = 0;
  for (const record of [undefined, pkg.init(), pkg.release('1.0.0')]) {
    if (record !== undefined) await registry.publish(record);
    heads.push((await registry.core.latestCheckpoint()).checkpoint.contents);
  }
});
afterEach(() => registry.core.close());

const compare = (mark: SignedHead) => store.read((reads) => compareWithMark(reads, mark));

describe('a high-water mark', () => {
  it('is reached by a store that has its log', async () => {
    for (const head of heads) expect(await compare(head)).toBe('reached');
    await requireMarks(
      store,
      heads.map((head) => ({ ...head, knownFrom: 'here' })),
    );
  });

  it('is ahead of a store that has less, and of another history if the store has something else', async () => {
    const last = heads.at(-1)!;
    expect(await compare({ ...last, logLength: 4 })).toBe('behind');
    expect(await compare({ ...last, logRoot: digestNamed('x') })).toBe('other');
    expect(await compare({ ...last, mapRoot: digestNamed('x') })).toBe('other');
    expect(await compare({ ...last, logLength: 2 })).toBe('other');
    for (const mark of [
      { ...last, logLength: 4 },
      { ...last, logLength: 2 },
    ]) {
      await expect(requireMarks(store, [undefined, { ...mark, knownFrom: 'here' }])).rejects.toMatchObject({
        code: 'STORE_ROLLED_BACK',
      });
    }
  });

  it.each([
    ['below', { logLength: 4 }],
    ['in the place of', { logLength: 2 }],
  ])('lets nothing be signed %s it', async (_, change) => {
    const noted = { ...heads.at(-1)!, ...change };
    const memory: HeadMemory = { name: 'here', read: () => noted, write: () => expect.unreachable() };
    const { clock } = registry;
    const signer = {
      publicKey: registry.operatorKey,
      sign: () => Promise.reject(new Error('nothing is to be signed')),
    };
    const sequencer = new Sequencer({ store, signer, clock, log, memory, leadership: soleLeadership() });
    clock.advance(60_000);
    const refused = { code: 'STORE_ROLLED_BACK', message: expect.stringContaining('as here says') };
    await expect(sequencer.resign()).rejects.toMatchObject(refused);
    await expect(sequencer.pass()).rejects.toMatchObject(refused);
    await expect(sequencer.useSigner(keySigner(operatorKey))).rejects.toMatchObject(refused);
    expect((await registry.core.latestCheckpoint()).checkpoint.contents).toEqual(heads.at(-1));
  });
});
