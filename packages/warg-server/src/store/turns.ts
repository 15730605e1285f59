/** Work that is done one at a time, in the order in which it was asked for. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Does the work once all that was asked for before has ended, however that ended. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // Not the result itself: a large one would be held until somebody comes.
    this.#last = result.then(nothing, nothing);
    return result;
  }
}

function nothing(): void {}
