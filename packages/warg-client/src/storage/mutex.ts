import { unlessAborted } from '../http/abort.ts';

/** Lets one caller in after the other, in order of arrival. */
export class Mutex {
  #last: Promise<void> = Promise.resolve();

  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#last;
    let done: () => void = () => {};
    this.#last = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await unlessAborted(before, signal);
    } catch (error) {
      // Whoever gave up waiting must still not let the next one pass those before.
      void before.then(done);
      throw error;
    }
    try {
      return await work();
    } finally {
      done();
    }
  }
}
