// A second thread for what is hashed most: the chains of a map and the tiles of a log. For Node alone; nothing else imports it.

import { Worker } from 'node:worker_threads';
import { shareLanes } from '#lanes';
import { TransparencyError } from '../errors.ts';
import { EMPTY_HASHES } from '../map/empty.ts';
import { JobBoard } from './job-board.ts';
import { prepareBoard, SharedLanes, type SharedWork } from './shared-lanes.ts';

export type { SharedWork };

/** A thread that hashes beside this one. */
export interface HashWorker {
  /** How many pieces of work each thread has done so far. */
  readonly work: SharedWork;
  /** Whether it may still take work. It may not once it was closed or has ended. */
  readonly isRunning: boolean;
  /** Ends the thread. What is hashed from now on is hashed as before. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

let running = false;

/**
 * Starts a thread that takes pieces of what this one hashes: of large updates of every map, and of large appends to every log.
 * All of them stay as they are, and so do their results. The calling thread does every piece that the other has not begun, and
 * one again that the other does not end in time, so that it never waits for much longer than a piece takes. The thread
 * does not keep the process alive, and sleeps when there is nothing to do.
 *
 * @returns undefined where there is nothing to share, because this engine has no vectors
 * @throws TransparencyError `INVALID_ARGUMENT` if this thread has one already; Error if none can be started
 * @example
 * await using worker = await startHashWorker();
 * root = await map.update(root, thousandsOfEntries);
 */
export async function startHashWorker(): Promise<HashWorker | undefined> {
  if (running) {
    throw new TransparencyError(
      'INVALID_ARGUMENT',
      'expected one hash worker a thread, found one that runs: close it first',
    );
  }
  running = true;
  const board = new JobBoard();
  prepareBoard(board, EMPTY_HASHES);
  let worker: Worker | undefined;
  try {
    // The same name with the ending that this file has itself: .ts from source, .js when it is built.
    const entry = import.meta.url.endsWith('.ts') ? './hash-thread.ts' : './hash-thread.js';
    worker = new Worker(new URL(entry, import.meta.url), {
      workerData: board.buffer,
      name: 'warg-hash',
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    if ((await answerOf(worker)) === 'ready') {
      const shared = share(worker, board);
      if (shared !== undefined) return shared;
    }
  } catch (error) {
    running = false;
    throw error;
  }
  running = false;
  board.close();
  await worker.terminate();
  return undefined;
}

/** The first message. */
function answerOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the hash worker ended before it began')));
  });
}

function share(worker: Worker, board: JobBoard): HashWorker | undefined {
  const made: SharedLanes[] = [];
  const unshare = shareLanes((own) => {
    const lanes = new SharedLanes(own, board);
    made.push(lanes);
    return lanes;
  });
  const [shared] = made;
  if (unshare === undefined || shared === undefined) return undefined;
  let isRunning = true;
  const end = () => {
    if (!isRunning) return;
    isRunning = false;
    running = false;
    board.close();
    unshare();
  };
  // Whatever it ends of: this thread does everything itself again.
  worker.on('error', end);
  worker.on('exit', end);
  worker.unref();
  const close = async () => {
    end();
    await worker.terminate();
  };
  return {
    get work() {
      return shared.work;
    },
    get isRunning() {
      return isRunning;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
