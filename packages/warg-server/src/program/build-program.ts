import type { Command } from 'commander';
import { commands } from './commands/commands.ts';
import { examples, helpAlike } from './help.ts';
import type { ProgramHost } from './host.ts';
import { serveCommand } from './serve-command.ts';

/** The whole command line: all commands with their options and help. */
export function buildProgram(host: ProgramHost): Command {
  const program = serveCommand();
  program.version(host.version, '-V, --version').helpOption('-h, --help');
  // An option belongs to the command that it stands behind: several have options of the same names.
  program.enablePositionalOptions();
  for (const command of commands) program.addCommand(command(host));
  program.addHelpText('after', helpFooter);
  for (const command of allCommands(program)) helpAlike(command);
  return program;
}

/** A command and all that are below it. */
export function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

const helpFooter = `
A registry needs an operator key. To make one and start:
${examples(
  'warg-server key new --output operator.key',
  'warg-server --operator-key-file operator.key --namespace example',
)}`;
