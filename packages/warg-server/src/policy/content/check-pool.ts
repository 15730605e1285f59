import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContentError } from '../../content/content-store.ts';
import { CheckChild, type CheckOutcome } from './check-child.ts';
import type { CheckAnswer, CheckRequest } from './check-messages.ts';
import { wasmToolsFile } from './wasm-tools.ts';

/** How much may be spent on looking at contents. */
export interface CheckLimits {
  /** For one content, ms. */
  readonly time: number;
  /** For one content, itself included, bytes. */
  readonly memory: number;
  /** Contents that are looked at at once, each in a process of its own. */
  readonly workers: number;
  /** Contents that wait for that. */
  readonly queue: number;
}

export interface CheckPoolOptions {
  /** The program of the processes. */
  readonly entry?: string;
  /** How long a process is kept that has nothing to do, ms. */
  readonly idleTime?: number;
}

interface Job {
  readonly request: CheckRequest;
  readonly resolve: (answer: CheckAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** How much later a process ends by itself than it would be ended, ms. */
const graceTime = 1000;

/** Processes that look at contents. One that does not come to an end, or dies, takes nothing with it. */
export class CheckPool {
  readonly #limits: CheckLimits;
  readonly #entry: string;
  readonly #idleTime: number;
  readonly #waiting: Job[] = [];
  /** With what ends each of them in time. */
  readonly #idle = new Map<CheckChild, NodeJS.Timeout>();
  readonly #children = new Set<CheckChild>();
  #busy = 0;
  #closed = false;

  constructor(limits: CheckLimits, { entry = defaultEntry(), idleTime = 60_000 }: CheckPoolOptions = {}) {
    this.#limits = limits;
    this.#entry = entry;
    this.#idleTime = idleTime;
  }

  /** The processes that there are, by their ids. */
  get pids(): readonly number[] {
    return [...this.#children].flatMap(({ pid }) => pid ?? []);
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

  /** Ends all processes. What was being looked at, and what waits, is answered with `CONTENT_POLICY_BUSY`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(busy());
    for (const child of this.#children) child.end();
    await Promise.all([...this.#children].map((child) => child.ended));
  }

  #next(): void {
    while (this.#busy < this.#limits.workers) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#busy++;
      this.#run(job)
        .then(job.resolve, job.reject)
        .finally(() => {
          this.#busy--;
          this.#next();
        });
    }
  }

  async #run({ request }: Job): Promise<CheckAnswer> {
    const folder = dirname(resolve(request.path));
    const kept = this.#takeKept(folder);
    let outcome = kept && (await this.#look(kept, request));
    // One that was kept may have ended by now, as when memory ran out; that says nothing about this content.
    if (outcome === undefined || (outcome.type === 'absent' && !this.#closed)) {
      outcome = await this.#look(this.#start(folder), request);
    }
    if (outcome.type === 'answered') return outcome.answer;
    if (this.#closed || outcome.type === 'stopped') throw busy();
    if (outcome.type === 'broken') return { type: 'failed', reason: outcome.reason };
    throw new Error('the process that looks at contents does not start', { cause: outcome.cause });
  }

  async #look(child: CheckChild, request: CheckRequest): Promise<CheckOutcome> {
    const outcome = await child.look(request, this.#limits.time);
    if (outcome.type === 'answered' && child.isThere && !this.#closed) this.#keep(child);
    else child.end();
    return outcome;
  }

  #takeKept(folder: string): CheckChild | undefined {
    for (const [child, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(child);
      if (child.isThere && child.folder === folder) return child;
      child.end();
    }
    return undefined;
  }

  #keep(child: CheckChild): void {
    const timer = setTimeout(() => {
      this.#idle.delete(child);
      child.end();
    }, this.#idleTime);
    this.#idle.set(child, timer.unref());
  }

  #start(folder: string): CheckChild {
    const { memory, time } = this.#limits;
    const child = new CheckChild({
      entry: this.#entry,
      folder,
      tools: wasmToolsFile(),
      memoryLimit: memory,
      timeLimit: time + graceTime,
    });
    this.#children.add(child);
    void child.ended.then(() => {
      clearTimeout(this.#idle.get(child));
      this.#idle.delete(child);
      this.#children.delete(child);
    });
    return child;
  }
}

function busy(): ContentError {
  return new ContentError(
    'CONTENT_POLICY_BUSY',
    'the registry is looking at too many contents: try again in a while',
  );
}

function defaultEntry(): string {
  // The same name with the ending that this file has itself: .ts from source, .js when it is built.
  const entry = import.meta.url.endsWith('.ts') ? './check-process.ts' : './content-check-process.js';
  return fileURLToPath(new URL(entry, import.meta.url));
}
