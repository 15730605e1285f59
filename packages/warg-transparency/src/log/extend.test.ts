import { concatBytes } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { leafNumbers, naiveLogRoot } from '../../test/naive.ts';
import { MerkleLog } from './merkle-log.ts';
import { memoryLogStore } from './store.ts';

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
});
