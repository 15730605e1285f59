import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JobName, Jobs } from './jobs.ts';

/** A load generator at work on one server. */
export interface Load {
  /** Does one thing after the other. @throws Error with what the generator said */
  run<Name extends JobName>(name: Name, input: Jobs[Name]['input']): Promise<Jobs[Name]['output']>;
  stop(): void;
}

/** Starts a generator, and uploads the content that all packages release. */
export async function startLoad(url: string, namespace: string): Promise<Load> {
  const child = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const load: Load = {
    run: (name, input) => ask(child, name, input) as never,
    stop: () => {
      child.disconnect();
    },
  };
  await load.run('begin', { url, namespace });
  return load;
}

function ask(child: ChildProcess, name: JobName, input: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`the load generator ended during ${name}`));
    child.once('exit', ended);
    child.once('message', (message: { output?: unknown; error?: string }) => {
      child.off('exit', ended);
      if (message.error === undefined) resolve(message.output);
      else reject(new Error(message.error));
    });
    child.send({ name, input });
  });
}
