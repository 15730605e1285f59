import { CommanderError } from 'commander';
import { createContext } from './commands/context.ts';
import type { Dispatch } from './commands/dispatch.ts';
import { readCommonOptions } from './commands/options.ts';
import type { Environment } from './environment.ts';
import { InterruptedError, UsageError } from './errors.ts';
import { describeError, errorDocument, formatError } from './output/error-report.ts';
import { createOutput, type Output } from './output/output.ts';
import { jsonText } from './output/text.ts';
import { buildProgram } from './program.ts';

/** What the parser calls help that was not asked for, because a command is missing. */
const MISSING_COMMAND = 'commander.help';

/**
 * Runs one command line.
 *
 * @returns what the process should end with: 0 for success alone, 1 for a failure, 2 for a command line that makes no
 *   sense, 128 and the signal's number after a request to end: 130 after Ctrl-C, 143, 129
 */
export async function run(environment: Environment): Promise<number> {
  const { args, stdout, stderr } = environment;
  // How errors are said must be known before the command line is understood.
  const json = wantsJson(args);
  let output: Output = createOutput(environment, { json });
  let complaint = '';

  const dispatch: Dispatch = async (command, handler) => {
    const options = readCommonOptions(command);
    output = createOutput(environment, options);
    output.result(await handler(await createContext(environment, options, output)));
  };
  const program = buildProgram(environment, dispatch, {
    write: (text) => stdout.write(text),
    complain: (text) => {
      complaint += text;
    },
  });

  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    output.status(undefined);
    if (error instanceof CommanderError && error.code === MISSING_COMMAND && !json) {
      stderr.write(complaint);
      return 2;
    }
    return reportError(environment, output, interrupted(environment) ?? asUsage(error));
  }
}

/**
 * Says what a mistake of the program itself left uncaught.
 *
 * @returns what the process should end with; undefined where an interrupted run is on its way to its own end
 */
export function reportCrash(environment: Environment, error: unknown): number | undefined {
  if (environment.signal.aborted) return undefined;
  const output = createOutput(environment, { json: wantsJson(environment.args) });
  return reportError(environment, output, error);
}

function reportError({ variables, stdout, stderr }: Environment, output: Output, error: unknown): number {
  const debug = variables['WARG_DEBUG'] === '1';
  const report = describeError(error);
  if (output.options.json) {
    stdout.write(`${jsonText(errorDocument(report, debug))}\n`);
  } else {
    for (const line of formatError(report, output.style, debug)) stderr.write(`${line}\n`);
  }
  return report.exitCode;
}

/** Whatever a command failed with after Ctrl-C, it was Ctrl-C that ended it. */
function interrupted({ signal }: Environment): unknown {
  if (!signal.aborted) return undefined;
  return signal.reason instanceof InterruptedError ? signal.reason : new InterruptedError();
}

function asUsage(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.code === MISSING_COMMAND)
    return new UsageError('no command is named', { hint: '`warg --help` lists them.' });
  const [message = '', ...suggestion] = error.message.replace(/^error: /, '').split('\n');
  const hint = suggestion.join(' ').replace(/^\((.*)\)$/, '$1');
  return new UsageError(message, {
    cause: error,
    hint: hint || '`--help` after a command shows what it takes.',
  });
}

function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}
