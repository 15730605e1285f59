import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll } from 'vitest';
import type { Environment } from '../../src/environment.ts';

const made: string[] = [];
afterAll(async () => {
  await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A folder of this test file's own, removed when the file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'warg-cli-'));
  made.push(folder);
  return folder;
}

/** An environment in a folder of its own, whose streams keep what is written. */
export interface TestEnvironment extends Environment {
  readonly folder: string;
  readonly written: { stdout: string; stderr: string };
}

/** What a test may choose about its environment. */
export interface TestEnvironmentOptions {
  readonly args?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly folder?: string;
  readonly terminal?: boolean;
  readonly userId?: number;
  readonly signal?: AbortSignal;
}

/** Makes an environment for a run in this process: no terminal unless one is asked for, and folders of its own. */
export function testEnvironment(options: TestEnvironmentOptions = {}): TestEnvironment {
  const folder = options.folder ?? temporaryFolder();
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => {
    const through = new PassThrough();
    through.on('data', (chunk: Buffer) => {
      written[name] += chunk.toString('utf8');
    });
    return Object.assign(through, { isTTY: options.terminal === true, columns: 80 });
  };
  const stdin = new PassThrough();
  stdin.end(options.stdin ?? '');
  return {
    args: options.args ?? [],
    variables: {
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      ...options.variables,
    },
    workingDirectory: folder,
    platform: 'linux',
    userId: options.userId ?? process.getuid?.(),
    homeDirectory: join(folder, 'home'),
    stdin: Object.assign(stdin, { isTTY: false }),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    signal: options.signal ?? new AbortController().signal,
    folder,
    written,
  };
}
