import { BoundedCache } from './bounded-cache.ts';
import type { InclusionAnswer } from './registry.ts';

/** Larger proofs are made each time: they are seldom asked for twice. */
const MOST_LEAVES = 64;

/** Bytes; of inclusion and of consistency each. */
const KEPT = 4 * 1024 * 1024;

/** What an entry takes besides its proof: its key and the objects. */
const FRAME = 500;

/**
 * Proofs that were made before. At a signed length a proof is always the same; but those with the map are only made for a
 * while at lengths that are not the newest, so of these only the newest are kept.
 */
export class KeptProofs {
  readonly consistency = new BoundedCache<string, Uint8Array>(KEPT, (proof) => proof.length + FRAME);
  #logLength = 0;
  #inclusion = keptInclusion();

  /** @param newest the length of the newest checkpoint */
  inclusion(newest: number, leafs: readonly number[]): InclusionAnswer | undefined {
    if (newest > this.#logLength) {
      this.#logLength = newest;
      this.#inclusion = keptInclusion();
    }
    return newest < this.#logLength || leafs.length > MOST_LEAVES
      ? undefined
      : this.#inclusion.get(leafs.join());
  }

  /** Keeps a proof, unless it is large or a longer log is known by now. */
  keepInclusion(logLength: number, leafs: readonly number[], proof: InclusionAnswer): void {
    if (logLength === this.#logLength && leafs.length <= MOST_LEAVES) {
      this.#inclusion.set(leafs.join(), proof);
    }
  }
}

function keptInclusion(): BoundedCache<string, InclusionAnswer> {
  return new BoundedCache(KEPT, ({ log, map }) => log.length + map.length + FRAME);
}
