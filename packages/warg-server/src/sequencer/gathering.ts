/** So many records are worth a checkpoint of their own, whatever else is coming. */
const ENOUGH = 256;
/** How long the first of them waits for others, ms. */
const PATIENCE = 50;

/**
 * How long records wait for others while more keep coming: a checkpoint of many costs little more than one of few. When
 * nothing comes, nobody asks, and nothing waits.
 */
export class Gathering {
  readonly #now: () => number;
  #records = 0;
  #since = 0;

  /** @param now ms, of any clock that only goes on */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Told of records that can be sequenced. */
  add(records: number): void {
    if (this.#records === 0) this.#since = this.#now();
    this.#records += records;
  }

  /** Whether what is there may wait for more. */
  goesOn(): boolean {
    return this.#records > 0 && this.#records < ENOUGH && this.#now() - this.#since < PATIENCE;
  }

  /** Told when they are sequenced. */
  end(): void {
    this.#records = 0;
  }
}
