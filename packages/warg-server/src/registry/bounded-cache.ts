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
