import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leafNumber, leafNumbers, naiveLogRoot } from '../../test/naive.ts';
import { hashLeaves } from '../index.ts';
import { MerkleLog } from './merkle-log.ts';
import { existsFromLength } from './nodes.ts';
import { type LogStore, memoryLogStore, TILE_WIDTH } from './store.ts';
import {
  BLOCK,
  blockOf,
  CROWN_BYTES,
  crownOf,
  locateHashes,
  placeOf,
  requireBlock,
  TILE_BYTES,
  tileFromStore,
} from './tile.ts';

const COUNT = 20 * TILE_WIDTH + 77;
const leaves = Array.from({ length: COUNT }, (_, i) => leafNumber(i % 3000));

it('a tile with a crown has the hashes of one that was hashed as a whole', () => {
  const id = { level: 0, index: 0 };
  const stored = hashLeaves(Array.from({ length: TILE_WIDTH }, (_, i) => Uint8Array.of(i)));
  const whole = tileFromStore(id, stored, TILE_WIDTH);
  const crown = crownOf(whole);
  for (let node = 0; node < 2 * TILE_WIDTH - 1; node++) {
    const place = placeOf(node);
    // The root of the tile is a leaf of the one above.
    if (place.level > 0) continue;
    const blocks = new Map<number, Uint8Array>();
    const block = blockOf(place);
    // Nothing but its own block is looked at.
    if (block !== undefined) blocks.set(block, stored.slice(32 * BLOCK * block, 32 * BLOCK * (block + 1)));
    const { sources, starts } = locateHashes([place, place], [{ ...id, crown, blocks }, whole]);
    const [found, expected] = sources.map((source, i) => source.subarray(starts[i], starts[i]! + 32));
    expect(found).toEqual(expected);
  }
  for (const part of [stored.subarray(0, 32), undefined]) {
    expect(() => requireBlock(id, part)).toThrow(expect.objectContaining({ code: 'CORRUPT_TILE' }));
  }
});

it('a log that keeps crowns proves what one proves that keeps nothing', async () => {
  const store = memoryLogStore();
  await (await MerkleLog.open(store)).append(leaves);
  const plain = await MerkleLog.open(store, { cacheBytes: 0 });
  // Room for two whole tiles, or for the crowns of most.
  const kept = await MerkleLog.open(store, { cacheBytes: Math.max(2 * TILE_BYTES, 16 * CROWN_BYTES) });
  const index = fc.nat(COUNT - 1);
  await fc.assert(
    fc.asyncProperty(
      fc.array(index, { minLength: 1, maxLength: 30 }),
      fc.array(index, { maxLength: 3 }),
      fc.integer({ min: 0, max: 300 }),
      async (asked, lengths, less) => {
        const length = COUNT - less;
        const query = {
          length,
          leaves: asked.map((leaf) => leaf % length),
          from: lengths.map((from) => 1 + (from % length)),
        };
        expect(await kept.prove(query)).toEqual(await plain.prove(query));
      },
    ),
    { numRuns: 200 },
  );
  const nodes = Array.from({ length: 2 * COUNT }, (_, node) => node).filter(
    (node) => existsFromLength(node) <= COUNT,
  );
  expect(await kept.nodeHashes(nodes)).toEqual(await plain.nodeHashes(nodes));
});

it('a log does not keep crowns of what was taken back', async () => {
  let store: LogStore = memoryLogStore();
  const log = await MerkleLog.open(
    {
      length: () => store.length(),
      readTiles: (ids) => store.readTiles(ids),
      write: (change) => store.write(change),
    },
    { cacheBytes: 1.5 * TILE_BYTES },
  );
  const kept = leaves.slice(0, 600);
  const lost = leafNumbers(2000, 'lost');
  await log.append(kept);
  await log.reload();
  await log.append(lost);
  // Whole tiles of what will be lost are read, and have to go again.
  for (const leaf of [300, 900, 1400, 1900, 900]) await log.prove({ length: 2600, leaves: [leaf] });

  store = memoryLogStore();
  await (await MerkleLog.open(store)).append(kept);
  await log.reload();
  await log.append(leaves.slice(600, 2600));
  const root = naiveLogRoot(leaves.slice(0, 2600));
  expect(await log.rootAt(2600)).toEqual(root);
  const plain = await MerkleLog.open(store, { cacheBytes: 0 });
  for (let leaf = 0; leaf < 2600; leaf += 37) {
    const query = { length: 2600, leaves: [leaf] };
    expect(await log.prove(query)).toEqual(await plain.prove(query));
  }
});
