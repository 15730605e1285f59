import { type Command, Option } from 'commander';

/** How much is said. */
export interface LogOptions {
  readonly verbose: number;
}

/** Adds these options to a command. */
export function addLogOptions(command: Command): Command {
  return command.addOption(
    new Option('-v, --verbose', 'say more; twice for even more (env: WARG_VERBOSE)')
      .default(0)
      .argParser((_value, before: number) => before + 1),
  );
}
