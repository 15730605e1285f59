import { concatBytes } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { leafNumbers, naiveLogRoot } from '../../test/naive.ts';
import { hashLeaves } from '../hashing/hash.ts';
import { MerkleLog } from './merkle-log.ts';
import { memoryLogStore } from './store.ts';
import { extendTile } from './tile.ts';

describe('append', () => {
  it('takes leaf hashes in one array, and copies it before it waits', async () => {
    const leaves = leafNumbers(700);
    const packed = concatBytes(...leaves);
    const log = await MerkleLog.open(memoryLogStore());
    const first = packed.slice(0, 300 * 32);
    const done = log.append(first);
    first.fill(0);
    await done;
    await log.append(new Uint8Array(0));
    // A Buffer, whose methods differ, and a view that does not begin where its memory does.
    await log.append(Buffer.from(packed.buffer, 300 * 32, 100 * 32));
    await log.append(packed.subarray(400 * 32));
    expect(log.length).toBe(700);
    expect(await log.rootAt(700)).toEqual(naiveLogRoot(leaves));
  });

  it('takes leaves as hashLeaves hashes them, and refuses what is none', async () => {
    const leaves = Array.from({ length: 700 }, (_, i) => new Uint8Array(i % 90).fill(i));
    const log = await MerkleLog.open(memoryLogStore());
    const first = leaves.slice(0, 300).map((leaf) => leaf.slice());
    const done = log.appendLeaves(first);
    for (const leaf of first) leaf.fill(1);
    await done;
    await log.appendLeaves([]);
    await expect(log.appendLeaves([leaves[0]!, 'text' as unknown as Uint8Array])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await log.appendLeaves(leaves.slice(300));
    const plain = await MerkleLog.open(memoryLogStore());
    await plain.append(hashLeaves(leaves));
    expect(log.length).toBe(700);
    expect(await log.rootAt(700)).toEqual(await plain.rootAt(700));
    expect(await log.rootAt(300)).toEqual(await plain.rootAt(300));
  });

  it('keeps appends apart that overlap', async () => {
    const leaves = leafNumbers(900);
    const log = await MerkleLog.open(memoryLogStore());
    await log.append(concatBytes(...leaves.slice(0, 100)));
    await Promise.all([
      log.append(concatBytes(...leaves.slice(100, 150))),
      log.append(leaves.slice(150, 152)),
      log.append(concatBytes(...leaves.slice(152, 800))),
      log.append(concatBytes(...leaves.slice(800))),
    ]);
    expect(await log.rootAt(900)).toEqual(naiveLogRoot(leaves));
  });

  it('goes on from where it was after an append that the store refused', async () => {
    const store = memoryLogStore();
    let isRefused = false;
    const log = await MerkleLog.open({
      ...store,
      write: async (change) => {
        if (isRefused) throw new Error('refused');
        await store.write(change);
      },
    });
    const leaves = leafNumbers(700);
    const other = leafNumbers(300, 'other');
    for (const [from, to] of [
      [0, 5],
      [5, 250],
      [250, 251],
      [251, 600],
      [600, 700],
    ] as const) {
      isRefused = true;
      await expect(log.append(other)).rejects.toThrow('refused');
      isRefused = false;
      await log.append(leaves.slice(from, to));
      expect(await log.rootAt(to)).toEqual(naiveLogRoot(leaves.slice(0, to)));
      // What lies before is where it was.
      const middle = Math.ceil((from + to) / 2);
      expect(await log.rootAt(middle)).toEqual(naiveLogRoot(leaves.slice(0, middle)));
    }
  });
});

describe('a tile', () => {
  const id = { level: 0, index: 0 };
  const hashes = concatBytes(...leafNumbers(40));
  const part = (from: number, to: number) => hashes.subarray(32 * from, 32 * to);

  it('grows where it is, and elsewhere from a state that has grown already', () => {
    const first = extendTile(id, undefined, part(0, 10));
    const second = extendTile(id, first, part(10, 30));
    expect(second.nodes).toBe(first.nodes);
    const kept = second.nodes.slice();
    // Others were appended meanwhile.
    const fork = extendTile(id, first, part(20, 40));
    expect(fork.nodes).not.toBe(first.nodes);
    expect(second.nodes).toEqual(kept);
    expect(extendTile(id, fork, part(0, 5)).nodes).toBe(fork.nodes);
  });
});
