import { BoundedCache } from './bounded-cache.ts';
import type { InclusionAnswer } from './registry.ts';

/** Larger proofs are made each time: they are seldom asked for twice. */
const MOST_LEAVES = 64;

/** Those of more leaves are kept from the second time on: of most of them nobody asks for the same leaves again. */
const LEAVES_AT_ONCE = 8;

/** How many questions are remembered, about. */
const REMEMBERED = 4096;

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
  /** Of questions that were asked, each in the place that it has by its number; another one may take it. */
  readonly #asked = new Int32Array(REMEMBERED);

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

  /** Keeps a proof, unless it is large, or not small and new, or a longer log is known by now. */
  keepInclusion(logLength: number, leafs: readonly number[], proof: InclusionAnswer): void {
    if (logLength !== this.#logLength || leafs.length > MOST_LEAVES) return;
    if (leafs.length > LEAVES_AT_ONCE && !this.#wasAsked(logLength, leafs)) return;
    this.#inclusion.set(leafs.join(), proof);
  }

  /** Whether a question was asked before, as far as is remembered. Others hardly ever have the same number. */
  #wasAsked(logLength: number, leafs: readonly number[]): boolean {
    let number = logLength | 0;
    for (const leaf of leafs) number = Math.imul(number ^ leaf, 0x01000193);
    number ^= number >>> 15;
    const place = (number >>> 0) % REMEMBERED;
    const wasAsked = this.#asked[place] === number;
    this.#asked[place] = number;
    return wasAsked;
  }
}

function keptInclusion(): BoundedCache<string, InclusionAnswer> {
  return new BoundedCache(KEPT, ({ log, map }) => log.length + map.length + FRAME);
}
