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
  grow(tree: Tree, size: number, batch: number): Promise<Growth>;
  stop(): void;
}

export function startTreeWorker(command: string, args: readonly string[]): TreeWorker {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! });
  return {
    grow: (tree, size, batch) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error(`${command} ended`));
        child.once('exit', ended);
        lines.once('line', (line) => {
          child.off('exit', ended);
          resolve(JSON.parse(line) as Growth);
        });
        child.stdin!.write(`${tree} ${size} ${batch}\n`);
      }),
    stop: () => child.stdin!.end(),
  };
}
