import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './environment.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/warg.js', import.meta.url));

/** What a process ended with. */
export interface ProcessResult {
  /** The exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
  /** The document of `--json`; undefined where standard output has no single document. */
  readonly json: Document;
}

/** A document of `--json`, as tests look into it. */
// biome-ignore lint/suspicious/noExplicitAny: tests compare whatever is there
export type Document = any;

/** A user: a home, a working folder, and `warg` in a process of its own without terminal or standard input. */
export interface User {
  readonly folder: string;
  /** Runs `warg` to its end. */
  warg(...args: string[]): Promise<ProcessResult>;
  /** Runs `warg` with `--json`, and hands out the document; the run must succeed. */
  json(...args: string[]): Promise<Document>;
  /** Runs `warg` with this text on standard input. */
  given(input: string, ...args: string[]): Promise<ProcessResult>;
  /** Begins a run. */
  begin(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<ProcessResult> };
  /** The same user with further variables. */
  with(variables: Readonly<Record<string, string>>): User;
}

/** Makes a user who has never used `warg` before. */
export function newUser(folder = temporaryFolder(), variables: Readonly<Record<string, string>> = {}): User {
  mkdirSync(join(folder, 'home'), { recursive: true });
  const start = (stdin: 'ignore' | 'pipe', args: readonly string[]) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: folder,
      stdio: [stdin, 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: join(folder, 'home'),
        XDG_CONFIG_HOME: join(folder, 'config'),
        XDG_CACHE_HOME: join(folder, 'cache'),
        ...variables,
      },
    });
    return { child, ended: ending(child) };
  };
  const begin: User['begin'] = (...args) => start('ignore', args);
  const warg: User['warg'] = async (...args) => begin(...args).ended;
  return {
    folder,
    begin,
    given: async (input, ...args) => {
      const { child, ended } = start('pipe', args);
      // One that ends before it has read all says so by its exit code.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
      return ended;
    },
    warg,
    json: async (...args) => {
      const run = await warg(...args, '--json');
      if (run.code !== 0)
        throw new Error(`warg ${args.join(' ')} ended with ${run.code}:\n${run.stdout}${run.stderr}`);
      return run.json;
    },
    with: (more) => newUser(folder, { ...variables, ...more }),
  };
}

async function ending(child: ChildProcess): Promise<ProcessResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const bytes = Buffer.concat(stdout);
  const text = bytes.toString('utf8');
  return {
    code,
    bytes,
    stdout: text,
    stderr: Buffer.concat(stderr).toString('utf8'),
    json: parseDocument(text),
  };
}

function parseDocument(text: string): Document {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
