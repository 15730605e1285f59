import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What appending to a tree cost. */
export interface Growth {
  /** In the tree's own code, ns. */
  readonly nanos: number;
  /** Of all threads in that time, ns. */
  readonly cpuNanos: number;
  /** The root behind it: equal on both sides, or they have not done the same. */
  readonly root: string;
}

/** A map, a log, or a log whose leaves come as hashes. */
export type Tree = 'map' | 'log' | 'hashes';

/** A program that grows a map and a log when told so. */
export interface TreeWorker {
  /** Ours alone: has a second thread hash with it from now on. */
  startHelper(): Promise<void>;
  grow(tree: Tree, size: number, batch: number): Promise<Growth>;
  stop(): void;
}

export function startTreeWorker(command: string, args: readonly string[]): TreeWorker {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! });
  const ask = (question: string) =>
    new Promise<Growth>((resolve, reject) => {
      const ended = () => reject(new Error(`${command} ended`));
      child.once('exit', ended);
      lines.once('line', (line) => {
        child.off('exit', ended);
        resolve(JSON.parse(line) as Growth);
      });
      child.stdin!.write(`${question}\n`);
    });
  return {
    startHelper: async () => {
      await ask('helper 0 1');
    },
    grow: (tree, size, batch) => ask(`${tree} ${size} ${batch}`),
    stop: () => child.stdin!.end(),
  };
}
