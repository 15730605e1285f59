import { readFileSync } from 'node:fs';
import { run } from './program/run.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A promise that nobody waited for belongs to one request at most: the registry goes on.
process.on('unhandledRejection', (reason) => {
  console.error('a failure that nobody waited for:', reason);
});

// A reader that had enough, such as `head`, ends neither a command nor a server.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Everything that the registry writes is its owner's alone: the database, contents, keys.
process.umask(0o077);

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  version,
  onSignal: (listener) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => listener(signal));
  },
  onReload: (listener) => {
    // On a terminal this signal says that the terminal is gone, and the program goes with it.
    if (!process.stderr.isTTY) process.on('SIGHUP', listener);
  },
  exit: (code) => process.exit(code),
});
