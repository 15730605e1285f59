import { concatBytes } from '@warg/crypto';
import { HASH_BYTES, type Hash, hashBranch } from '../hashing/hash.ts';
import { EMPTY_LOG_ROOT } from '../log/empty-root.ts';
import { MerkleLog } from '../log/merkle-log.ts';
import type { LogStore } from '../log/store.ts';
import { verifyLogBundle } from '../log/verify.ts';
import {
  expectBytes,
  expectCode,
  expectEqual,
  hashesNamed,
  hashNamed,
  type TestApi,
  type Transaction,
  withFixture,
} from './test-api.ts';

/** An empty log store to test. */
export interface LogStoreFixture {
  readonly store: LogStore;
  /** Another store on the same data, such as another connection; committed writes are seen there. */
  readonly reader?: LogStore;
  readonly transaction?: Transaction;
  close?(): Promise<void>;
}

/**
 * Defines the tests that every {@link LogStore} must pass.
 *
 * @param api the test runner
 * @param name what the store is called
 * @param open makes a new, empty store for each test
 * @example testLogStore({ describe, it }, 'memory', async () => ({ store: memoryLogStore() }));
 */
export function testLogStore(api: TestApi, name: string, open: () => Promise<LogStoreFixture>): void {
  const test = (title: string, body: (fixture: LogStoreFixture) => Promise<void>) =>
    api.it(title, () => withFixture(open, body));

  api.describe(`log store: ${name}`, () => {
    test('is empty at first', async ({ store }) => {
      expectEqual(await store.length(), 0, 'length');
      const [tile] = await store.readTiles([{ level: 0, index: 0 }]);
      expectBytes(tile, undefined, 'tile');
    });

    test('gives tiles back in the order asked for', async ({ store }) => {
      const first = concatBytes(...hashesNamed('first', 0, 256));
      const second = concatBytes(...hashesNamed('second', 0, 3));
      const above = hashNamed('above');
      await store.write({
        from: 0,
        length: 259,
        tiles: [
          { level: 0, index: 0, hashes: first },
          { level: 0, index: 1, hashes: second },
          { level: 1, index: 0, hashes: above },
        ],
      });
      expectEqual(await store.length(), 259, 'length');
      const ids = [
        [1, 0],
        [0, 1],
        [0, 2],
        [0, 0],
        [0, 1],
        [2, 0],
        [1, 1],
      ];
      const tiles = await store.readTiles(ids.map(([level, index]) => ({ level: level!, index: index! })));
      [above, second, undefined, first, second, undefined, undefined].forEach((expected, i) => {
        expectBytes(tiles[i], expected, `tile ${ids[i]}`);
      });
    });

    test('gives parts of tiles, if it gives any', async ({ store }) => {
      if (store.readParts === undefined) return;
      const whole = concatBytes(...hashesNamed('first', 0, 256));
      const edge = concatBytes(...hashesNamed('second', 0, 20));
      const above = hashNamed('above');
      await store.write({
        from: 0,
        length: 276,
        tiles: [
          { level: 0, index: 0, hashes: whole },
          { level: 0, index: 1, hashes: edge },
          { level: 1, index: 0, hashes: above },
        ],
      });
      const asked = [
        [0, 1, 8],
        [0, 0, 248],
        [0, 7, 0],
        [0, 0, 0],
        [1, 0, 0],
        [0, 0, 248],
        [0, 1, 16],
      ].map(([level, index, first]) => ({ level: level!, index: index!, first: first! }));
      const parts = await store.readParts(asked, 8);
      const tiles = await store.readTiles(asked);
      asked.forEach(({ level, index, first }, i) => {
        const expected = tiles[i]?.slice(first * HASH_BYTES, (first + 8) * HASH_BYTES);
        expectBytes(parts[i], expected, `part ${first} of tile ${level} ${index}`);
      });
    });

    test('replaces a tile by a longer one', async ({ store }) => {
      const hashes = concatBytes(...hashesNamed('leaf', 0, 9));
      await store.write({
        from: 0,
        length: 2,
        tiles: [{ level: 0, index: 0, hashes: hashes.slice(0, 2 * HASH_BYTES) }],
      });
      await store.write({ from: 2, length: 9, tiles: [{ level: 0, index: 0, hashes }] });
      expectEqual(await store.length(), 9, 'length');
      const [tile] = await store.readTiles([{ level: 0, index: 0 }]);
      expectBytes(tile, hashes, 'tile');
    });

    test('refuses an append to another length and stays as it was', async ({ store }) => {
      const hashes = concatBytes(...hashesNamed('leaf', 0, 4));
      await store.write({ from: 0, length: 4, tiles: [{ level: 0, index: 0, hashes }] });
      for (const from of [0, 3, 5]) {
        const other = concatBytes(...hashesNamed('other', 0, from + 1));
        const change = { from, length: from + 1, tiles: [{ level: 0, index: 0, hashes: other }] };
        await expectCode(store.write(change), 'LOG_CONFLICT');
      }
      expectEqual(await store.length(), 4, 'length');
      const [tile] = await store.readTiles([{ level: 0, index: 0 }]);
      expectBytes(tile, hashes, 'tile');
    });

    test('keeps no hold of the arrays of its caller', async ({ store }) => {
      const hashes = concatBytes(...hashesNamed('leaf', 0, 4));
      const kept = hashes.slice();
      await store.write({ from: 0, length: 4, tiles: [{ level: 0, index: 0, hashes }] });
      hashes.fill(0);
      const [tile] = await store.readTiles([{ level: 0, index: 0 }]);
      expectBytes(tile, kept, 'tile');
    });

    test('holds a log that grows and is opened again', async ({ store, reader }) => {
      const leaves = hashesNamed('leaf', 0, 1500);
      let log = await MerkleLog.open(store);
      for (const size of [1, 1, 254, 0, 1, 300, 700, 243]) {
        await log.append(leaves.slice(log.length, log.length + size));
        if (size === 300) log = await MerkleLog.open(store);
      }
      for (const opened of [log, await MerkleLog.open(store), await MerkleLog.open(reader ?? store)]) {
        expectEqual(opened.length, leaves.length, 'length');
        for (const length of [0, 1, 2, 255, 256, 257, 512, 1023, 1500]) {
          expectBytes(await opened.rootAt(length), rootOf(leaves.slice(0, length)), `root at ${length}`);
        }
        await proveAndVerify(opened, leaves);
      }
    });

    test('shows a reader what was appended, and no more', async ({ store, reader }) => {
      if (reader === undefined) return;
      const leaves = hashesNamed('leaf', 0, 600);
      const writer = await MerkleLog.open(store);
      const log = await MerkleLog.open(reader);
      await expectCode(log.rootAt(1), 'LENGTH_BEYOND_LOG');
      await writer.append(leaves.slice(0, 200));
      expectBytes(await log.rootAt(200), rootOf(leaves.slice(0, 200)), 'root at 200');
      await writer.append(leaves.slice(200));
      await expectCode(log.rootAt(601), 'LENGTH_BEYOND_LOG');
      expectBytes(await log.rootAt(200), rootOf(leaves.slice(0, 200)), 'root at 200');
      await proveAndVerify(log, leaves);
    });

    test('forgets what is rolled back', async ({ store, reader, transaction }) => {
      if (transaction === undefined) return;
      const leaves = hashesNamed('leaf', 0, 1000);
      const log = await MerkleLog.open(store);
      await transaction.begin();
      await log.append(leaves.slice(0, 250));
      await transaction.commit();
      // Once across the end of a tile, and once inside it.
      for (const lost of [hashesNamed('lost', 0, 400), hashesNamed('lost', 0, 2)]) {
        await transaction.begin();
        await log.append(lost);
        await log.rootAt(log.length);
        await log.prove({ length: log.length, leaves: [0, log.length - 1] });
        await transaction.rollback();
        expectEqual(await store.length(), 250, 'length after the rollback');
        await expectCode(log.append(leaves.slice(250, 251)), 'LOG_CONFLICT');
        await log.reload();
        expectEqual(log.length, 250, 'length after reload');
        expectBytes(await log.rootAt(250), rootOf(leaves.slice(0, 250)), 'root after the rollback');
      }
      // As many leaves as were lost before, so that nothing stale is hidden by its length.
      await transaction.begin();
      await log.append(leaves.slice(250, 650));
      await transaction.commit();
      await log.append(leaves.slice(650));
      await proveAndVerify(log, leaves);
      await proveAndVerify(await MerkleLog.open(reader ?? store), leaves);
    });
  });
}

async function proveAndVerify(log: MerkleLog, leaves: readonly Hash[]): Promise<void> {
  const length = leaves.length;
  const indices = [0, 1, 255, 256, 300, length - 1];
  const old = [1, 255, 256, 257, length];
  const bundle = await log.prove({ length, leaves: indices, from: old });
  verifyLogBundle(bundle, {
    length,
    root: rootOf(leaves),
    leaves: indices.map((index) => ({ index, hash: leaves[index]! })),
    from: old.map((oldLength) => ({ length: oldLength, root: rootOf(leaves.slice(0, oldLength)) })),
  });
}

/** The Merkle tree hash as RFC 6962 defines it. */
function rootOf(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_LOG_ROOT;
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return hashBranch(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}
