import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { lanes } from '#lanes';
import { chain, fromLeaf } from '../../test/some-chains.ts';
import { hashTrees, hashTreesPlain } from '../hashing/hash.ts';
import { hashLeaves, MerkleLog, MerkleMap, memoryLogStore, memoryMapStore } from '../index.ts';
import { lanes as simdLanes } from '../lanes/simd.ts';
import {
  EMPTY_HASHES,
  type EmptyChain,
  hashEmptyChains,
  hashEmptyChainsPlain,
  MAP_HEIGHT,
} from '../map/empty.ts';
import { EMPTY_MAP } from '../map/merkle-map.ts';
import { type HashWorker, startHashWorker } from './hash-worker.ts';
import { JobBoard } from './job-board.ts';
import { prepareBoard, SharedLanes } from './shared-lanes.ts';

const manyChains = fc.array(fc.oneof({ weight: 5, arbitrary: fromLeaf }, chain), { maxLength: 40 });

/** Numbers that look like hashes. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return state >>> 16;
  });
}

const someChains = (count: number, seed = 1): EmptyChain[] =>
  Array.from({ length: count }, (_, i) => ({
    path: noise(32, seed + 2 * i),
    hash: noise(32, seed + 7 * i + 1),
    from: 0,
    to: MAP_HEIGHT - 20,
  }));

function expectClimbed(chains: readonly EmptyChain[], climb: (chains: readonly EmptyChain[]) => void): void {
  const plain = chains.map((each) => ({ ...each, hash: each.hash.slice() }));
  hashEmptyChainsPlain(plain);
  climb(chains);
  expect(chains.map(({ hash }) => hash)).toEqual(plain.map(({ hash }) => hash));
}

const own = simdLanes(Number.POSITIVE_INFINITY)!;
// Under the condition `warg-portable` there is nothing to share.
const isSimd = lanes(Number.POSITIVE_INFINITY) !== undefined;

describe('a hash worker', () => {
  let worker: HashWorker | undefined;
  afterEach(() => worker?.close());

  it('is there where there are lanes to share, and once', async () => {
    worker = await startHashWorker();
    expect(worker?.isRunning).toBe(isSimd ? true : undefined);
    if (isSimd) await expect(startHashWorker()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await worker?.close();
    worker = await startHashWorker();
    expect(worker?.isRunning).toBe(isSimd ? true : undefined);
  });

  it('climbs chains as one thread does', async () => {
    worker = await startHashWorker();
    fc.assert(
      fc.property(manyChains, (chains) => expectClimbed(chains, hashEmptyChains)),
      { numRuns: 100 },
    );
  });

  it('hashes trees as one thread does, more than there is room for at once too', async () => {
    worker = await startHashWorker();
    for (const [count, size] of [
      [2, 256],
      [30, 1],
      [200, 256],
      [19, 1024],
      [700, 2],
    ] as const) {
      const trees = noise(count * size * 32, count);
      const plain = new Uint8Array(count * 32);
      hashTreesPlain(trees, size, plain);
      expect(hashTrees(trees, size)).toEqual(plain);
    }
  });

  it('does each piece of a job on one side', async () => {
    worker = await startHashWorker();
    if (worker === undefined) return;
    hashEmptyChains(someChains(4000));
    const { caller, helper, redone } = worker.work;
    expect(caller + helper).toBe(1000);
    // One a job, of which there is one for each half.
    expect(redone).toBeLessThanOrEqual(2);
  });

  it('leads to the same roots of map and log', async () => {
    const keys = Array.from({ length: 2000 }, (_, i) => noise(32, i));
    const roots = async () => {
      const map = await MerkleMap.open(memoryMapStore());
      const log = await MerkleLog.open(memoryLogStore());
      let root = EMPTY_MAP;
      for (let at = 0; at < keys.length; at += 500) {
        const hashes = hashLeaves(keys.slice(at, at + 500));
        root = await map.update(
          root,
          keys.slice(at, at + 500).map((key, i) => [key, hashes.slice(32 * i, 32 * i + 32)] as const),
        );
        await log.append(hashes);
      }
      await log.append(hashLeaves([...keys, ...keys, ...keys]));
      return { map: root.hash, log: await log.rootAt(log.length) };
    };
    const alone = await roots();
    worker = await startHashWorker();
    expect(await roots()).toEqual(alone);
  });

  it('may die at any time', async () => {
    for (let round = 0; round < 10; round++) {
      const board = new JobBoard();
      prepareBoard(board, EMPTY_HASHES);
      const thread = new Worker(new URL('./hash-thread.ts', import.meta.url), { workerData: board.buffer });
      await once(thread, 'message');
      const shared = new SharedLanes(own, board);
      expectClimbed(someChains(32), (chains) => shared.climb(chains, EMPTY_HASHES));
      // Nobody tells the lanes, which go on offering work.
      const ended = thread.terminate();
      for (let more = 0; more < 4; more++) {
        expectClimbed(someChains(100, more), (chains) => shared.climb(chains, EMPTY_HASHES));
      }
      await ended;
      expectClimbed(someChains(100, round), (chains) => shared.climb(chains, EMPTY_HASHES));
      expect(shared.work.caller + shared.work.helper).toBe(8 + 5 * 25);
    }
  });

  it('may be closed while there is work', async () => {
    worker = await startHashWorker();
    const closed = worker?.close();
    expectClimbed(someChains(600), hashEmptyChains);
    await closed;
    expect(worker?.isRunning).toBe(isSimd ? false : undefined);
    expectClimbed(someChains(100), hashEmptyChains);
  });
});

describe('pieces that a helper has begun', () => {
  /** Lanes whose helper takes a piece of each job that it is offered, and does nothing with it. */
  function stuck() {
    const board = new JobBoard();
    prepareBoard(board, EMPTY_HASHES);
    const taken: { piece: number; job: number }[] = [];
    let isStuck = true;
    const shared = new SharedLanes(
      {
        hashMessages: (messages) => own.hashMessages(messages),
        hashPairs: (...args) => own.hashPairs(...args),
        hashTrees: (...args) => own.hashTrees(...args),
        climb: (chains, empty) => {
          if (isStuck) {
            isStuck = false;
            taken.push({ piece: board.take(), job: board.job });
          }
          own.climb(chains, empty);
        },
      },
      board,
    );
    return { board, shared, taken };
  }

  it('are done by the caller when the helper does not end them', () => {
    const { shared, taken } = stuck();
    expectClimbed(someChains(64), (chains) => shared.climb(chains, EMPTY_HASHES));
    expect(taken).toHaveLength(1);
    expect(shared.work).toEqual({ caller: 16, helper: 0, redone: 1 });
  });

  it('keep the board as it is until they are ended', () => {
    const { board, shared, taken } = stuck();
    expectClimbed(someChains(64), (chains) => shared.climb(chains, EMPTY_HASHES));
    const { job } = board;
    const kept = board.bytes.slice();
    expectClimbed(someChains(64, 99), (chains) => shared.climb(chains, EMPTY_HASHES));
    expect(board.job).toBe(job);
    expect(board.bytes).toEqual(kept);
    board.finish(taken[0]!.piece, taken[0]!.job);
    expectClimbed(someChains(64, 123), (chains) => shared.climb(chains, EMPTY_HASHES));
    expect(board.job).toBe(job + 1);
    expect(shared.work).toEqual({ caller: 48, helper: 0, redone: 1 });
  });
});
