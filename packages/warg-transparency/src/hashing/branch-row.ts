import { copyHash } from './copy-hash.ts';
import { HASH_BYTES, hashPairs } from './hash.ts';

/** Branches that are hashed together. More are hashed in several rows. */
const ROW_BRANCHES = 512;

/**
 * Hashes branches that stand apart, many at once: they are gathered into a row, hashed, and put where they belong. No branch
 * may stand on another one of the same row.
 *
 * @example
 * const row = new BranchRow(2);
 * row.add(left, 0, right, 0, parent, 0);
 * row.add(otherLeft, 0, otherRight, 0, otherParent, 0);
 * row.hash();
 */
export class BranchRow {
  readonly #room: number;
  /** Pairs of hashes, then what they hash to. */
  readonly #hashes: Uint8Array;
  readonly #targets: Uint8Array[] = [];
  readonly #targetsAt: number[] = [];
  #count = 0;

  /** @param expected how many branches there will be, about; there may be more */
  constructor(expected: number) {
    this.#room = Math.max(1, Math.min(expected, ROW_BRANCHES));
    this.#hashes = new Uint8Array(this.#room * 3 * HASH_BYTES);
  }

  /** The branch of the hashes at `leftAt` and `rightAt` is to stand at `outAt`, once {@link hash} was called. */
  add(
    left: Uint8Array,
    leftAt: number,
    right: Uint8Array,
    rightAt: number,
    out: Uint8Array,
    outAt: number,
  ): void {
    if (this.#count === this.#room) this.hash();
    const at = this.#count * 2 * HASH_BYTES;
    copyHash(left, leftAt, this.#hashes, at);
    copyHash(right, rightAt, this.#hashes, at + HASH_BYTES);
    this.#targets[this.#count] = out;
    this.#targetsAt[this.#count] = outAt;
    this.#count++;
  }

  /** Hashes what was added; then the row is empty again. */
  hash(): void {
    const count = this.#count;
    const results = 2 * this.#room;
    hashPairs(this.#hashes, 0, results, count);
    for (let i = 0; i < count; i++) {
      copyHash(this.#hashes, (results + i) * HASH_BYTES, this.#targets[i]!, this.#targetsAt[i]!);
    }
    // The arrays stay as long as they are: they would have to grow again.
    this.#count = 0;
  }
}
