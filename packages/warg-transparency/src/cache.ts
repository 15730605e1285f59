/** What was used lately, up to a number of bytes. The least recently used goes first. */
export class ByteCache<Value> {
  readonly #capacity: number;
  readonly #sizeOf: (value: Value) => number;
  // A Map iterates in the order of insertion; a hit is inserted again, so the first entry is the oldest.
  readonly #entries = new Map<number, Value>();
  #bytes = 0;

  /**
   * @param capacity in bytes; 0 keeps nothing
   * @param sizeOf about how many bytes a value takes; always the same for the same value
   */
  constructor(capacity: number, sizeOf: (value: Value) => number) {
    this.#capacity = capacity;
    this.#sizeOf = sizeOf;
  }

  /** How many bytes the entries take. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: number): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: number, value: Value): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#bytes += this.#sizeOf(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#capacity) return;
      this.delete(oldest);
    }
  }

  delete(key: number): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= this.#sizeOf(value);
  }

  /** Forgets every entry that the test does not keep. */
  retain(keep: (value: Value, key: number) => boolean): void {
    for (const [key, value] of this.#entries) if (!keep(value, key)) this.delete(key);
  }
}
