/**
 * What was asked for lately, up to a size; what has not been asked for longest goes first.
 *
 * Written here because what the libraries for this do on top (times, statistics, asynchronous loading) costs more than
 * what is looked up here.
 */
export class BoundedCache<Key, Value> {
  readonly #most: number;
  readonly #sizeOf: (value: Value) => number;
  // A Map iterates in the order of insertion; what is asked for is inserted again.
  readonly #entries = new Map<Key, Value>();
  #size = 0;

  /**
   * @param most of what `sizeOf` counts
   * @param sizeOf always the same for the same value
   */
  constructor(most: number, sizeOf: (value: Value) => number = () => 1) {
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  /** The size of all that is kept. */
  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.#delete(key);
    this.#entries.set(key, value);
    this.#size += this.#sizeOf(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#most) return;
      this.#delete(oldest);
    }
  }

  #delete(key: Key): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#size -= this.#sizeOf(value);
  }
}

/**
 * The same for many small things, of which each counts for one. It forgets by halves, so that nothing is ever taken out of
 * a large table: that costs more than asking again.
 */
export class TwoGenerations<Key, Value> {
  readonly #half: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** @param most of both generations together; at least 2 */
  constructor(most: number) {
    this.#half = Math.max(1, Math.floor(most / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
