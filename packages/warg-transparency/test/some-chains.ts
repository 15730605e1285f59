import fc from 'fast-check';
import { type EmptyChain, MAP_HEIGHT } from '../src/map/empty.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** Chains of any path and hash, between any two heights. */
export const chain = fc
  .record({ path: bytes(32), hash: bytes(32), ends: fc.tuple(fc.nat(MAP_HEIGHT), fc.nat(MAP_HEIGHT)) })
  .map(
    ({ path, hash, ends }): EmptyChain => ({ path, hash, from: Math.min(...ends), to: Math.max(...ends) }),
  );

/** Chains that begin at the leaf: several of them climb together. */
export const fromLeaf = chain.map((each): EmptyChain => ({ ...each, from: 0 }));
