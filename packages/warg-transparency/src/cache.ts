/** What was used lately, up to a number of bytes. The least recently used goes first. */
export class ByteCache<Value> {
  readonly #capacity: number;
  readonly #sizeOf: (value: Value) => number;
  readonly #dropped: ((value: Value) => void) | undefined;
  readonly #entries = new Map<number, Entry<Value>>();
  // The entries in the order of their use. A Map has an order too, but one where each change is a deletion and an insertion, and
  // where its first entry is found behind all that were deleted since it was last tidied.
  #newest: Entry<Value> | undefined;
  #oldest: Entry<Value> | undefined;
  #bytes = 0;

  /**
   * @param capacity in bytes; 0 keeps nothing
   * @param sizeOf about how many bytes a value takes; always the same for the same value
   * @param dropped is told each value that is no longer kept
   */
  constructor(capacity: number, sizeOf: (value: Value) => number, dropped?: (value: Value) => void) {
    this.#capacity = capacity;
    this.#sizeOf = sizeOf;
    this.#dropped = dropped;
  }

  /** How many bytes the entries take. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry.value;
  }

  set(key: number, value: Value): void {
    this.delete(key);
    const entry: Entry<Value> = { key, value, newer: undefined, older: undefined };
    this.#entries.set(key, entry);
    this.#link(entry);
    this.#bytes += this.#sizeOf(value);
    while (this.#bytes > this.#capacity && this.#oldest !== undefined) this.delete(this.#oldest.key);
  }

  /** A value, which is not used by that. */
  peek(key: number): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Puts a value of the same size in the place of another one, which is neither used nor dropped by that. */
  replace(key: number, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.value = value;
  }

  delete(key: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#unlink(entry);
    this.#bytes -= this.#sizeOf(entry.value);
    this.#dropped?.(entry.value);
  }

  /** Forgets every entry that the test does not keep. */
  retain(keep: (value: Value, key: number) => boolean): void {
    for (const { key, value } of [...this.#entries.values()]) if (!keep(value, key)) this.delete(key);
  }

  /** Makes an entry that stands in no order the newest. */
  #link(entry: Entry<Value>): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry<Value>): void {
    const { newer, older } = entry;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    entry.newer = undefined;
    entry.older = undefined;
  }
}

interface Entry<Value> {
  readonly key: number;
  value: Value;
  newer: Entry<Value> | undefined;
  older: Entry<Value> | undefined;
}
