// What two threads share that hash together: a job of equal pieces, which each takes one after the other until none is left.
//
// Only the caller begins jobs, and only when the helper has nothing in hands. A piece is taken by counting down, so that nobody
// takes one while the next job is prepared. The caller keeps what it asks for and never reads its own share from here: whatever
// becomes of the helper, it can do every piece itself.

/** Most pieces of a job. */
export const MAX_PIECES = 512;

/** Room for what the pieces begin with, and what the helper makes of it in the same place. */
const PIECE_BYTES = 512 * 1024;

/** The hashes of the empty subtrees of the map, of height 0 to 255. */
export const EMPTY_BYTES = 256 * 32;

/** What a job is about. */
export const JobKind = { chains: 1, trees: 2 } as const;

/** A piece of chains: their number, where they begin, where each of the four ends; then four hashes, and four paths. */
export const CHAIN_HASHES = 32;
export const CHAIN_PATHS = CHAIN_HASHES + 4 * 32;
export const CHAINS_BYTES = CHAIN_PATHS + 4 * 32;

/** Numbers that both threads see. */
const JOB = 0;
const LEFT = 1;
const KIND = 2;
const PIECE_SIZE = 3;
const IS_CLOSED = 4;
/** Whether the helper sleeps and must be woken. */
const SLEEPS = 5;
/** Counts what the helper is to wake up for. */
const CALLS = 6;
const DONE = 16;

const NUMBERS_BYTES = 4 * (DONE + MAX_PIECES);

export class JobBoard {
  readonly buffer: SharedArrayBuffer;
  readonly empty: Uint8Array;
  readonly bytes: Uint8Array;
  readonly #numbers: Int32Array;

  constructor(buffer = new SharedArrayBuffer(NUMBERS_BYTES + EMPTY_BYTES + PIECE_BYTES)) {
    this.buffer = buffer;
    this.#numbers = new Int32Array(buffer, 0, DONE + MAX_PIECES);
    this.empty = new Uint8Array(buffer, NUMBERS_BYTES, EMPTY_BYTES);
    this.bytes = new Uint8Array(buffer, NUMBERS_BYTES + EMPTY_BYTES, PIECE_BYTES);
  }

  /** How many pieces of a size have room. */
  static room(pieceSize: number): number {
    return Math.min(MAX_PIECES, Math.floor(PIECE_BYTES / pieceSize));
  }

  /** The number of the job, above 0 once there was one. */
  get job(): number {
    return Atomics.load(this.#numbers, JOB);
  }

  /** Changes with every job, once its pieces can be taken, and at the end. */
  get calls(): number {
    return Atomics.load(this.#numbers, CALLS);
  }

  get kind(): number {
    return this.#numbers[KIND]!;
  }

  get pieceSize(): number {
    return this.#numbers[PIECE_SIZE]!;
  }

  get isClosed(): boolean {
    return Atomics.load(this.#numbers, IS_CLOSED) === 1;
  }

  /** Offers the pieces, which are in their places. */
  begin(kind: number, pieceSize: number, count: number): void {
    this.#numbers[KIND] = kind;
    this.#numbers[PIECE_SIZE] = pieceSize;
    Atomics.add(this.#numbers, JOB, 1);
    // Everything before is seen by whoever takes a piece.
    Atomics.store(this.#numbers, LEFT, count);
    Atomics.add(this.#numbers, CALLS, 1);
    if (Atomics.load(this.#numbers, SLEEPS) === 1) Atomics.notify(this.#numbers, CALLS);
  }

  close(): void {
    Atomics.store(this.#numbers, IS_CLOSED, 1);
    Atomics.add(this.#numbers, CALLS, 1);
    Atomics.notify(this.#numbers, CALLS);
  }

  /** The number of a piece that nobody else has; -1 if there is none. */
  take(): number {
    const piece = Atomics.sub(this.#numbers, LEFT, 1) - 1;
    return piece < 0 ? -1 : piece;
  }

  /** The helper has done a piece of the job. */
  finish(piece: number, job: number): void {
    Atomics.store(this.#numbers, DONE + piece, job);
    Atomics.notify(this.#numbers, DONE + piece);
  }

  isDone(piece: number, job: number): boolean {
    return Atomics.load(this.#numbers, DONE + piece) === job;
  }

  /** Waits until the helper has done a piece, but not longer than so many ms. */
  waitDone(piece: number, job: number, millis: number): boolean {
    for (let spins = 0; spins < 2000; spins++) if (this.isDone(piece, job)) return true;
    const until = performance.now() + millis;
    for (let left = millis; left > 0; left = until - performance.now()) {
      const found = Atomics.load(this.#numbers, DONE + piece);
      if (found === job) return true;
      Atomics.wait(this.#numbers, DONE + piece, found, left);
    }
    return this.isDone(piece, job);
  }

  /** Waits for a call behind the one that was seen: for a moment awake, because large jobs come in several. */
  waitForCall(seen: number): void {
    const until = performance.now() + AWAKE_MILLIS;
    while (performance.now() < until) {
      for (let spins = 0; spins < 200; spins++) if (this.calls !== seen) return;
    }
    Atomics.store(this.#numbers, SLEEPS, 1);
    // One that came meanwhile has changed the number, and there is nothing to wait for.
    Atomics.wait(this.#numbers, CALLS, seen);
    Atomics.store(this.#numbers, SLEEPS, 0);
  }
}

const AWAKE_MILLIS = 0.05;
