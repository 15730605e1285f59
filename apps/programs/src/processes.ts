// Starting and ending the programs under test. Every process is known here and none outlives the run.

import { type ChildProcess, spawn } from 'node:child_process';

/** A program that keeps running, started and ready. */
export interface RunningProgram {
  readonly pid: number;
  /** The groups of the line that said it is ready. */
  readonly ready: RegExpMatchArray;
  /** All it printed so far. */
  output(): string;
  /** Ends it with SIGTERM (or the given signal) and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What it reads on standard input; nothing by default. */
  readonly input?: string;
  /** The input is given when it has printed this, as somebody at a terminal does; at once by default. */
  readonly inputAfter?: string;
  /** It ends itself when this process has ended, and has something to tidy up: then it is not killed. */
  readonly endsItself?: boolean;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}

/**
 * Starts a program and waits for the line that says it is ready.
 *
 * @throws Error with all it printed, when it ends first or takes more than 30 s
 */
export function startProgram(
  command: string,
  args: readonly string[],
  ready: RegExp,
  { env = process.env, cwd, endsItself = false }: ProgramOptions = {},
): Promise<RunningProgram> {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  if (!endsItself) running.add(child);
  let output = '';
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      running.delete(child);
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${command} ${why}\n${output}`));
    };
    const timer = setTimeout(() => fail('was not ready within 30 s'), 30_000);
    child.on('error', (error) => fail(error.message));
    void ended.then(() => fail('ended before it was ready'));
    let isReady = false;
    const read = (text: string) => {
      output += text;
      if (isReady) {
        // A server under load says a lot: what is kept of it, and what that costs, must not grow.
        if (output.length > 2 * KEPT) output = output.slice(-KEPT);
        return;
      }
      const match = output.match(ready);
      if (!match) return;
      isReady = true;
      clearTimeout(timer);
      resolve({
        pid: child.pid!,
        ready: match,
        output: () => output,
        stop: async (signal = 'SIGTERM') => {
          child.kill(signal);
          const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
          await ended;
          clearTimeout(impatient);
        },
      });
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
  });
}

/** How much of what a program has said is kept at least, characters. */
const KEPT = 100_000;

/** Runs a program to its end. A program that a signal ended, or that could not be started, has code -1. */
export function runProgram(
  command: string,
  args: readonly string[],
  { env = process.env, cwd, input = '', inputAfter = '', timeout = 120_000 }: ProgramOptions = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd, timeout, killSignal: 'SIGKILL' });
    running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      giveInput();
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.stdin.on('error', () => {}); // a program that ends without reading its input
    let isGiven = false;
    let repeating: NodeJS.Timeout | undefined;
    const giveInput = () => {
      if (isGiven || !stdout.includes(inputAfter)) return;
      isGiven = true;
      if (inputAfter === '') {
        child.stdin.end(input);
        return;
      }
      // A terminal forgets what came between the question and the moment when its program reads, so it is said again.
      child.stdin.write(input);
      repeating = setInterval(() => child.stdin.write(input), 1000);
    };
    giveInput();
    child.on('error', (error) => {
      clearInterval(repeating);
      running.delete(child);
      resolve({ code: -1, stdout, stderr: `${stderr}${error.message}` });
    });
    child.on('close', (code) => {
      clearInterval(repeating);
      running.delete(child);
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}
