/** How long those who come wait for the look that is under way, ms. One that takes longer may never end. */
const PATIENCE = 250;

/**
 * Has many looks at the same thing done as few. Each that is asked for begins after it was asked for, so nobody is told what
 * was there before he came; but all who come while one is under way share the next.
 */
export class SharedLook<T> {
  readonly #look: () => Promise<T>;
  readonly #now: () => number;
  #running: Promise<T> | undefined;
  #since = 0;
  #next: Promise<T> | undefined;

  /** @param now ms, of any clock that only goes on */
  constructor(look: () => Promise<T>, now: () => number = () => performance.now()) {
    this.#look = look;
    this.#now = now;
  }

  look(): Promise<T> {
    const running = this.#running;
    // Who waits already goes on waiting. Those who come do not join them.
    if (running === undefined || this.#now() - this.#since > PATIENCE) return this.#begin();
    if (this.#next === undefined) {
      const next: Promise<T> = settled(running).then(() =>
        this.#next === next ? this.#begin() : this.#look(),
      );
      this.#next = next;
    }
    return this.#next;
  }

  #begin(): Promise<T> {
    this.#next = undefined;
    this.#since = this.#now();
    const running = this.#look();
    this.#running = running;
    void settled(running).then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running;
  }
}

function settled(promise: Promise<unknown>): Promise<void> {
  const nothing = (): void => {};
  return promise.then(nothing, nothing);
}
