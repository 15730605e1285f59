import type { Sequencer } from './sequencer.ts';

/** Most pages of one transaction: what is written meanwhile waits for no more than these. */
const SLICE = 500;

/**
 * Collects pages of the map that nobody may ask for any more, in slices: each is a transaction of its own, and what waits
 * for its turn meanwhile comes between two of them.
 */
export class Collector {
  readonly #sequencer: Pick<Sequencer, 'collect'>;
  readonly #slice: number;
  #running: Promise<number> | undefined;
  #stopped = false;

  constructor(sequencer: Pick<Sequencer, 'collect'>, slice = SLICE) {
    this.#sequencer = sequencer;
    this.#slice = slice;
  }

  /**
   * Collects all that can be; a call that comes while one runs joins it.
   *
   * @param time pages that were needed at this time stay, and those since; seconds since the epoch
   * @returns how many pages
   */
  collect(time: number): Promise<number> {
    this.#running ??= this.#collect(time).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Waits for the slice that runs; there are no further ones. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running?.catch(() => {});
  }

  async #collect(time: number): Promise<number> {
    let collected = 0;
    while (!this.#stopped) {
      const count = await this.#sequencer.collect(time, this.#slice);
      collected += count;
      if (count < this.#slice) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return collected;
  }
}
