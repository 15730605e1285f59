/** What each body has for itself, so that small requests get through whatever others do. */
const FREE_BYTES = 64 * 1024;

/**
 * The memory that bodies may take together while they are read. Without a limit, connections that each send most of
 * a body and then wait would add up to all the memory that there is.
 */
export class BodyMemory {
  #left: number;

  /** @param bytes how much there is for all bodies together, beyond 64 KiB of each */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Opens an account for one body. Close it when the body is no longer kept. */
  open(): BodyAccount {
    let size = 0;
    let taken = 0;
    return {
      take: (bytes) => {
        size += bytes;
        const more = Math.max(0, size - FREE_BYTES) - taken;
        if (more > this.#left) return false;
        this.#left -= more;
        taken += more;
        return true;
      },
      close: () => {
        this.#left += taken;
        taken = 0;
      },
    };
  }
}

export interface BodyAccount {
  /** Counts bytes that have come; false if there is no room for them. */
  take(bytes: number): boolean;
  close(): void;
}
