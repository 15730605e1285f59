import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, parse, resolve, sep } from 'node:path';
import {
  type CheckAnswer,
  type CheckProcessOptions,
  type CheckRequest,
  type FromCheckProcess,
  parseFromCheckProcess,
} from './check-messages.ts';

export interface CheckChildOptions extends CheckProcessOptions {
  /** The program. */
  readonly entry: string;
  /** The folder of the contents; the process can read no other. */
  readonly folder: string;
}

/** What became of a content that a process was given. */
export type CheckOutcome =
  | { readonly type: 'answered'; readonly answer: CheckAnswer }
  /** The process broke while it looked at the content. */
  | { readonly type: 'broken'; readonly reason: string }
  /** Somebody else ended the process: a service manager, or the system that has no memory left. */
  | { readonly type: 'stopped' }
  /** The process was gone before it had begun, or did not get as far; the content is not to blame. */
  | { readonly type: 'absent'; readonly cause: Error };

/** For a process to get ready, ms; nothing of a stranger's is in it then. */
const startLimit = 60_000;
/** What is kept of its last words, characters. */
const lastWords = 4000;

/** JavaScript in it needs next to nothing; what it looks at lies outside of its heap. The stack is for wasm-tools. */
const engineFlags = ['--max-old-space-size=64', '--max-semi-space-size=4', '--stack-size=3900'];
/** Without these some systems start no process: where libraries lie, and where Windows does. */
const neededVariables = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot'];
/** What a terminal and a service manager send to all processes of a server. */
const stopSignals: readonly (string | null)[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * A process that looks at contents, one at a time. Whatever a content does to its memory or to the engine happens there.
 *
 * It has no secrets: none of this process's environment, arguments and open files, and it may read its own program and the
 * folder of the contents alone. It ends when this process does, even when that is killed.
 */
export class CheckChild {
  readonly folder: string;
  /** Settled once it is gone, with all that it said before. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  #hear: (message: FromCheckProcess) => void = () => {};
  #isReady = false;
  #hasEnded = false;
  /** Whether it is ended from here. */
  #isGivenUp = false;
  #words = '';
  #failure: Error | undefined;

  /** @throws what the system says if it has no process left, or no memory for it */
  constructor({ entry, folder, tools, memoryLimit, timeLimit }: CheckChildOptions) {
    this.folder = folder;
    const options: CheckProcessOptions = { tools, memoryLimit, timeLimit };
    const readable = [asFolder(dirname(entry)), tools, asFolder(folder)];
    this.#process = fork(entry, [JSON.stringify(options)], {
      cwd: parse(process.execPath).root,
      env: Object.fromEntries(
        neededVariables.flatMap((name) =>
          process.env[name] === undefined ? [] : [[name, process.env[name]]],
        ),
      ),
      execArgv: [
        ...engineFlags,
        '--title=warg-content-check',
        '--permission',
        ...readable.map((path) => `--allow-fs-read=${path}`),
      ],
      // Not V8's own form, which is not for reading what others wrote.
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      windowsHide: true,
    });
    this.#process.on('message', (message: unknown) => this.#onMessage(message));
    // Of a process that never was, or a message that came too late for it; the end says what matters.
    this.#process.on('error', (error) => {
      this.#failure ??= error;
      this.end();
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-lastWords);
    });
    this.ended = new Promise((resolve) => {
      // Later than `exit`: after everything that it said.
      this.#process.once('close', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
    this.#preferInShortage();
    this.#hold(false);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether it can be given a content. */
  get isThere(): boolean {
    return !this.#hasEnded && this.#process.connected;
  }

  /**
   * Has it look at a content. It is of no further use unless it answers.
   *
   * @param time ms, from the moment that it is ready
   */
  async look({ path, size }: CheckRequest, time: number): Promise<CheckOutcome> {
    this.#hold(true);
    try {
      return await this.#ask({ path: resolve(path), size }, time);
    } finally {
      this.#hear = () => {};
      this.#hold(false);
    }
  }

  /** Ends it at once. */
  end(): void {
    this.#isGivenUp = true;
    this.#process.kill('SIGKILL');
  }

  #ask(request: CheckRequest, time: number): Promise<CheckOutcome> {
    return new Promise((settle) => {
      let hasBegun = false;
      let isLate = false;
      let timer: NodeJS.Timeout;
      const limit = (ms: number): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          isLate = true;
          this.end();
        }, ms);
      };
      const send = (): void => {
        limit(time);
        // What cannot be sent has nobody left to read it: the end is near.
        if (this.#process.connected) this.#process.send(request, () => {});
      };
      this.#hear = (message) => {
        if (message.type === 'ready') send();
        else if (message.type === 'begun') hasBegun = true;
        else {
          clearTimeout(timer);
          settle({ type: 'answered', answer: message });
        }
      };
      void this.ended.then(() => {
        clearTimeout(timer);
        const byOthers = this.#isGivenUp ? null : this.#process.signalCode;
        if (stopSignals.includes(byOthers)) settle({ type: 'stopped' });
        else if (!hasBegun) settle({ type: 'absent', cause: this.#cause() });
        // Linux does this, to this process first, where others took the memory. What a content takes is limited otherwise.
        else if (byOthers === 'SIGKILL') settle({ type: 'stopped' });
        else settle({ type: 'broken', reason: isLate ? `it takes longer than ${time} ms` : this.#reason() });
      });
      if (this.#isReady) send();
      else limit(startLimit);
    });
  }

  #onMessage(message: unknown): void {
    const known = parseFromCheckProcess(message);
    if (known === undefined) {
      this.end();
      return;
    }
    if (known.type === 'ready') this.#isReady = true;
    this.#hear(known);
  }

  #reason(): string {
    if (this.#words.includes('out of memory')) return 'it takes too much memory';
    const { exitCode, signalCode } = this.#process;
    return signalCode === null
      ? `its reader ended with code ${exitCode}`
      : `its reader was ended by ${signalCode}`;
  }

  #cause(): Error {
    return this.#failure ?? new Error(`${this.#reason()}\n${this.#words}`.trimEnd());
  }

  /** Whether this process goes on for the sake of that one. */
  #hold(isHeld: boolean): void {
    const handles = [this.#process, this.#process.channel, this.#process.stderr as Socket | null];
    for (const handle of handles) {
      if (isHeld) handle?.ref();
      else handle?.unref();
    }
  }

  /** Where memory runs out, Linux ends this process rather than the server. */
  #preferInShortage(): void {
    if (process.platform !== 'linux' || this.pid === undefined) return;
    writeFile(`/proc/${this.pid}/oom_score_adj`, '1000', () => {});
  }
}

function asFolder(path: string): string {
  return path.endsWith(sep) ? path : path + sep;
}
