import { Worker } from 'node:worker_threads';
import { ContentError } from '../../content/content-store.ts';
import type { CheckAnswer, CheckRequest, CheckThreadOptions } from './check-messages.ts';

/** How much may be spent on looking at contents. */
export interface CheckLimits {
  /** For one content, ms. */
  readonly time: number;
  /** For one content, itself included, bytes. */
  readonly memory: number;
  /** Contents that are looked at at once, each in a thread of its own. */
  readonly workers: number;
  /** Contents that wait for that. */
  readonly queue: number;
}

interface Job {
  readonly request: CheckRequest;
  readonly resolve: (answer: CheckAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** JavaScript in these threads needs next to nothing; what they look at lies outside of its heap. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Threads that look at contents. A thread that does not come to an end, or dies, takes nothing with it. */
export class CheckPool {
  readonly #limits: CheckLimits;
  readonly #entry: URL;
  readonly #waiting: Job[] = [];
  readonly #idle: Worker[] = [];
  readonly #threads = new Set<Worker>();
  readonly #ready = new WeakSet<Worker>();
  #busy = 0;
  #closed = false;

  /** @param entry the thread's program, for tests */
  constructor(limits: CheckLimits, entry: URL = defaultEntry()) {
    this.#limits = limits;
    this.#entry = entry;
  }

  /**
   * Has a file looked at.
   *
   * @throws ContentError `CONTENT_POLICY_BUSY` when too many wait already, or the pool is closed
   */
  check(request: CheckRequest): Promise<CheckAnswer> {
    if (this.#closed || this.#waiting.length >= this.#limits.queue) {
      return Promise.reject(busy());
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#next();
    });
  }

  /** Ends all threads. What was being looked at, and what waits, is answered with `CONTENT_POLICY_BUSY`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(busy());
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  #next(): void {
    while (this.#busy < this.#limits.workers) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#run(job);
    }
  }

  #run({ request, resolve, reject }: Job): void {
    this.#busy++;
    const thread = this.#idle.pop() ?? this.#start();
    let isDone = false;
    const done = (settle: () => void, isReusable: boolean): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      thread.unref();
      if (isReusable) this.#idle.push(thread);
      else this.#end(thread);
      this.#busy--;
      settle();
      this.#next();
    };
    /** The content is to blame, unless the thread never got as far as to look at it. */
    const fail = (reason: string, cause?: Error): void =>
      done(() => {
        if (this.#closed) reject(busy());
        else if (this.#ready.has(thread)) resolve({ type: 'failed', reason });
        else reject(new Error('the thread that looks at contents does not start', { cause }));
      }, false);
    const timer = setTimeout(() => fail(`it takes longer than ${this.#limits.time} ms`), this.#limits.time);
    const onMessage = (message: CheckAnswer | 'ready'): void => {
      if (message === 'ready') this.#ready.add(thread);
      else done(() => resolve(message), true);
    };
    const onError = (error: NodeJS.ErrnoException): void =>
      fail(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes too much memory' : 'its reader failed',
        error,
      );
    const onExit = (): void => fail('its reader ended');
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    thread.ref();
    thread.postMessage(request);
  }

  #start(): Worker {
    const workerData: CheckThreadOptions = { memoryLimit: this.#limits.memory };
    const thread = new Worker(this.#entry, { workerData, resourceLimits, name: 'warg-content-check' });
    // One that nobody waits for any more may still say why it ends.
    thread.on('error', () => {});
    this.#threads.add(thread);
    return thread;
  }

  #end(thread: Worker): void {
    void thread.terminate().finally(() => this.#threads.delete(thread));
  }
}

function busy(): ContentError {
  return new ContentError(
    'CONTENT_POLICY_BUSY',
    'the registry is looking at too many contents: try again in a while',
  );
}

function defaultEntry(): URL {
  // The same name with the ending that this file has itself: .ts from source, .js when it is built.
  const entry = import.meta.url.endsWith('.ts') ? './check-thread.ts' : './content-check-thread.js';
  return new URL(entry, import.meta.url);
}
