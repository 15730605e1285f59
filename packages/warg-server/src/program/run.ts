import { type Command, CommanderError } from 'commander';
import type { Logger } from 'pino';
import { allCommands, buildProgram } from './build-program.ts';
import type { ProgramHost } from './host.ts';
import { createLog, type LogLevel } from './log.ts';
import { readOperator } from './operator.ts';
import { parseVerbosity } from './option-values.ts';
import { ExitCode, ProgramError } from './program-error.ts';
import type { ServeOptions } from './serve-command.ts';
import { startRegistry } from './start.ts';

/**
 * Runs `warg-server` with these arguments.
 *
 * @returns the exit code, when the program has come to its end
 */
export async function run(args: readonly string[], host: ProgramHost): Promise<number> {
  // An empty variable is one that is not set: compose files and shells make them so.
  for (const [name, value] of Object.entries(host.env)) {
    if (name.startsWith('WARG_') && value === '') delete host.env[name];
    // The parser takes a flag's variable as set whatever it says.
    if (flagVariables.has(name) && value === 'false') delete host.env[name];
  }
  const program = buildProgram(host);
  program.hook('preAction', refuseOptionsBefore);
  for (const command of allCommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(redactSecrets(text)),
    });
  }
  program.action(async (_options: unknown, command: Command) => {
    await serveUntilSignal(command, host);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.usage;
    if (error instanceof ProgramError) {
      host.stderr.write(`error: ${error.message}\n`);
      return error.exitCode;
    }
    host.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return ExitCode.failure;
  }
}

/** What stands before a command would be for the server that is not started: better said than ignored. */
function refuseOptionsBefore(program: Command, command: Command): void {
  if (command === program) return;
  const given = program.options.find(
    (option) => program.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given === undefined) return;
  program.error(
    `error: ${given.long} stands before the command: write it behind \`${command.name()}\`, if that has it`,
  );
}

/** A secret that stands where none belongs, such as behind a misspelt option, is not said again: logs keep errors for long. */
function redactSecrets(text: string): string {
  return text
    .replace(/ecdsa-p256:[\w+/=-]+/g, 'ecdsa-p256:[redacted]')
    .replace(/PRIVATE\+KEY\+\S+/g, 'PRIVATE+KEY+[redacted]')
    .replace(/wargt_\w+/g, 'wargt_[redacted]');
}

const flagVariables: ReadonlySet<string> = new Set([
  'WARG_PRIVATE',
  'WARG_PUBLISH_TOKENS',
  'WARG_WITHOUT_FAST_PATH',
]);

async function serveUntilSignal(command: Command, host: ProgramHost): Promise<void> {
  const options = command.opts<ServeOptions>();
  const log = createLog(levelOf(options.verbose || parseVerbosity(host.env['WARG_VERBOSE'])), host.stderr);
  const operator = await readOperator(options);
  if (command.getOptionValueSource('operatorKey') === 'cli') {
    log.warn(
      'the operator key stands on the command line, where others can read it: prefer --operator-key-file',
    );
  }
  if (command.getOptionValueSource('databaseUrl') === 'cli') {
    log.warn(
      'the database URL stands on the command line, where others can read it: prefer --database-url-file',
    );
  }
  const stop = nextSignal(host, log);
  const stopped = new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => resolve());
  });
  const registry = await startRegistry(options, operator, log, stop).catch((error) => {
    if (error === stop.reason) return undefined;
    throw error;
  });
  if (registry === undefined) {
    log.info('ended before the registry was open');
    return;
  }
  host.onReload(() => {
    log.info('reading the files of keys again');
    void registry.reload();
  });
  log.info({ url: registry.url }, 'listening');
  host.stdout.write(`listening on ${registry.url}\n`);
  const failure = await Promise.race([stopped, registry.failed]);
  if (failure !== undefined) log.fatal({ err: failure }, 'the registry can no longer write and ends');
  await registry.close();
  log.info('registry closed');
  if (failure !== undefined) {
    throw new ProgramError('the registry failed; start it again', { cause: failure });
  }
}

/** Aborted at the first signal to end. The second one ends the process at once. */
function nextSignal(host: ProgramHost, log: Logger): AbortSignal {
  const stop = new AbortController();
  host.onSignal((signal) => {
    if (!stop.signal.aborted) {
      log.info({ signal }, 'shutting down; a second signal ends at once');
      stop.abort();
    } else {
      log.warn({ signal }, 'ending at once');
      host.exit(signal === 'SIGINT' ? 130 : 143);
    }
  });
  return stop.signal;
}

function levelOf(verbose: number): LogLevel {
  if (verbose === 0) return 'info';
  return verbose === 1 ? 'debug' : 'trace';
}
