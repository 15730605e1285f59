import { spawn } from 'node:child_process';

/** A store that runs in a process of its own. */
export interface StoreServer {
  readonly url: string;
  readonly port: number;
  /** Sends it a signal, such as SIGSTOP. */
  signal(name: NodeJS.Signals): void;
  /** Ends it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts a program that is to listen on `port`, and waits until it answers. */
export async function childStore(
  program: string,
  args: readonly string[],
  port: number,
): Promise<StoreServer> {
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000);
    });
  }
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const giveUp = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended:\n${output}`);
    try {
      await (await fetch(url)).arrayBuffer();
      break;
    } catch (cause) {
      if (performance.now() > giveUp) {
        child.kill('SIGKILL');
        throw new Error(`${program} does not answer:\n${output}`, { cause });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    url,
    port,
    signal: (name) => child.kill(name),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
