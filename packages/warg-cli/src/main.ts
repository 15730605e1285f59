import { processEnvironment } from './environment.ts';
import { InterruptedError } from './errors.ts';
import { reportCrash, run } from './run.ts';

/** The signals that ask a process to end, and what it then ends with: 128 and the signal's number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const controller = new AbortController();
for (const [signal, exitCode] of Object.entries(SIGNALS)) {
  process.on(signal, () => {
    // Who asks twice does not want to wait for an orderly end.
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort(new InterruptedError(exitCode));
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // Who reads the output may stop reading, as `head` does: then there is nobody left to tell, and the process ends as
  // one does that SIGPIPE ended.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141);
    if (stream === process.stdout) {
      process.stderr.write(`error: cannot write to standard output: ${error.message}\n`);
    }
    process.exit(1);
  });
}

const environment = processEnvironment(controller.signal);
// A rejection that nobody handled comes here, too.
process.on('uncaughtException', (error) => {
  const code = reportCrash(environment, error);
  if (code !== undefined) process.exit(code);
});

const exitCode = await run(environment);
// What was written last reaches a slow reader, too.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise((resolve) => stream.write('', resolve));
}
process.exit(exitCode);
