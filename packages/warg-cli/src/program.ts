import { Command } from 'commander';
import { addConfigCommand } from './commands/config.ts';
import type { Dispatch } from './commands/dispatch.ts';
import { addDownloadCommand } from './commands/download.ts';
import { addEvidenceCommands } from './commands/evidence.ts';
import { examples } from './commands/examples.ts';
import { addInfoCommand } from './commands/info.ts';
import { addKeyCommands } from './commands/key.ts';
import { addLoginCommands } from './commands/login.ts';
import { addCommonOptions } from './commands/options.ts';
import { addPublishCommands } from './commands/publish.ts';
import { addStorageCommands } from './commands/storage.ts';
import { addUpdateCommand } from './commands/update.ts';
import type { Environment } from './environment.ts';
import { hasColors, styleFor } from './output/style.ts';
import { packageVersion } from './version.ts';

/** Where the parser's own words go. */
export interface ParserOutput {
  /** Help and versions, which were asked for. */
  readonly write: (text: string) => void;
  /** Help that was not asked for. */
  readonly complain: (text: string) => void;
}

/**
 * The whole command line: all commands with their options and help. The parser neither prints nor ends the process: it
 * throws a `CommanderError`, and writes to `output`.
 */
export function buildProgram(environment: Environment, dispatch: Dispatch, output: ParserOutput): Command {
  const { stdout, stderr, variables } = environment;
  const program = new Command('warg');
  const style = styleFor(stdout, variables);
  program
    .exitOverride()
    .configureOutput({
      writeOut: output.write,
      writeErr: output.complain,
      // Errors are said where all others are.
      outputError: () => {},
      getOutHelpWidth: () => (stdout.isTTY && stdout.columns) || 80,
      getErrHelpWidth: () => (stderr.isTTY && stderr.columns) || 80,
      getOutHasColors: () => hasColors(stdout, variables),
      getErrHasColors: () => hasColors(stderr, variables),
    })
    .configureHelp({
      // `config` has long options: beside them, too, 80 columns must do.
      minWidthToWrap: 20,
      styleTitle: (text) => style.bold(text),
      styleCommandText: (text) => style.cyan(text),
      styleSubcommandTerm: (text) => style.cyan(text),
      styleOptionTerm: (text) => style.cyan(text),
    })
    .description('Publishes, downloads and verifies WebAssembly packages in a Warg registry.')
    .usage('[options] <command>')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .enablePositionalOptions()
    .showSuggestionAfterError(true);
  addCommonOptions(program);
  addConfigCommand(program, dispatch);
  addKeyCommands(program, dispatch);
  addLoginCommands(program, dispatch);
  addPublishCommands(program, dispatch);
  addDownloadCommand(program, dispatch);
  addInfoCommand(program, dispatch);
  addUpdateCommand(program, dispatch);
  addEvidenceCommands(program, dispatch);
  addStorageCommands(program, dispatch);
  program.addHelpText(
    'after',
    examples(
      'warg config --registry https://registry.example',
      'warg key new',
      'warg publish release example:hello@0.1.0 hello.wasm',
      'warg download example:hello',
    ),
  );
  for (const command of allCommands(program)) {
    if (command !== program) addVersionFlag(command);
  }
  return program;
}

/** The reference's commands know `--version` and `-V` wherever they mean nothing else. */
function addVersionFlag(command: Command): void {
  if (command.options.some(({ long }) => long === '--version') || command.commands.length > 0) return;
  command.version(packageVersion(), '-V, --version', 'print the version');
  const flag = command.options.at(-1);
  if (flag !== undefined) flag.hidden = true;
}

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}
