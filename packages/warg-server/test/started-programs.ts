import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { afterEach, beforeEach } from 'vitest';

export const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
export const operatorKey = generatePrivateKey();
export const secret = encodePrivateKey(operatorKey);

export interface Program {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

const listening = /^listening on (http:\/\/\S+)\n$/;

/** For each test a temporary folder, in which the program is started from its source; what still runs behind a test is killed. */
export function programsInFolder() {
  let dir = '';
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'warg-program-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    await rm(dir, { recursive: true, force: true });
  });

  /** Starts the program with nothing in its environment but what is given and a home in the temporary folder. */
  function start(args: readonly string[], env: Record<string, string> = {}): Program {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: dir,
      env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const text = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      text.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text.err += chunk;
    });
    const ended = new Promise<number | string | null>((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal));
    });
    return { child, out: () => text.out, err: () => text.err, ended };
  }

  async function until(program: Program, isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (program.child.exitCode !== null) throw new Error(`it ended: ${program.err()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Starts a server on a free port and waits until it listens. */
  async function serve(
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<Program & { url: string }> {
    const program = start(['--listen', '127.0.0.1:0', '--namespace', 'test', ...args], {
      WARG_OPERATOR_KEY: secret,
      WARG_DATA_DIR: join(dir, 'data'),
      ...env,
    });
    await until(program, () => listening.test(program.out()));
    return { ...program, url: listening.exec(program.out())?.[1] ?? '' };
  }

  return {
    get dir() {
      return dir;
    },
    start,
    until,
    serve,
  };
}
