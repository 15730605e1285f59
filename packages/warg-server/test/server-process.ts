import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../bin/warg-server.js', import.meta.url));

/** A `warg-server` that runs in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** What it has said so far: the last 10,000 characters. */
  readonly output: () => string;
  /** Sends it a signal, such as SIGSTOP. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  /** Ends it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
}

/** A port that is free now, on which a server can be started again and again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the program sees of the environment: nothing that is meant for it, but what is given here. */
export function programEnvironment(
  env: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  const others = Object.entries(process.env).filter(([name]) => !/^(WARG|AWS)_/.test(name));
  return { ...Object.fromEntries(others), ...env };
}

/** Starts the built program and waits until it answers. */
export async function startServer(
  port: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const url = `http://127.0.0.1:${port}`;
  const environment = programEnvironment(env);
  const child = spawn(process.execPath, [PROGRAM, '--listen', `127.0.0.1:${port}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000);
    });
  }
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await waitUntilReady(url, child);
  } catch (cause) {
    child.kill('SIGKILL');
    throw new Error(`warg-server does not start:\n${output}`, { cause });
  }
  return {
    url,
    pid: child.pid!,
    output: () => output,
    ended: gone,
    signal: (name) => child.kill(name),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  const giveUp = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    try {
      const response = await fetch(`${url}/v1/fetch/checkpoint`);
      await response.arrayBuffer();
      // A private one is there, too.
      if (response.ok || response.status === 401) return;
    } catch {
      // Not there yet.
    }
    if (performance.now() > giveUp) throw new Error('it does not answer');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
