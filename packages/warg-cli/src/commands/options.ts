import { type Command, Option } from 'commander';
import { parseDuration, parseOperatorKeyArgument } from '../arguments/parsers.ts';

/** The options that every command understands. */
export interface CommonOptions {
  readonly registry?: string | undefined;
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly operatorKey?: string | undefined;
  /** In seconds. */
  readonly maxCheckpointAge?: number | undefined;
}

const OPERATOR_KEY = '--operator-key <key>';
const MAX_CHECKPOINT_AGE = '--max-checkpoint-age <time>';

/** Which of the common options a command has, and how. */
export interface CommonOptionChoices {
  /** Whether the command talks to a registry. True unless said otherwise. */
  readonly client?: boolean;
  /** Whether `--version` and `-v` mean a package's version, as in the reference. */
  readonly ownVersion?: boolean;
}

const GROUP = 'Common options:';

/** Adds the options that all commands share, below the command's own. */
export function addCommonOptions(command: Command, choices: CommonOptionChoices = {}): Command {
  const { client = true, ownVersion = false } = choices;
  const options = [
    new Option('--registry <url>', 'the registry to use, instead of the home registry'),
    new Option('--config <file>', 'the configuration file to use, instead of looking for one'),
  ];
  if (client) {
    options.push(
      new Option(
        OPERATOR_KEY,
        'trust this operator only: its public key, or the id of its first record',
      ).argParser(parseOperatorKeyArgument),
      new Option(MAX_CHECKPOINT_AGE, 'refuse a registry state signed longer ago: 90s, 10m, 2h, 1d').argParser(
        parseDuration,
      ),
    );
  }
  options.push(...speechOptions(ownVersion));
  for (const option of options) command.addOption(option.helpGroup(GROUP));
  return command;
}

/** The options about how a run speaks. */
export function speechOptions(ownVersion: boolean): readonly Option[] {
  return [
    new Option('--json', 'print one JSON document and nothing else'),
    new Option('-q, --quiet', 'print the bare result and errors'),
    new Option(ownVersion ? '--verbose' : '-v, --verbose', 'say what happens on the way'),
  ];
}

/** The values of the common options, wherever on the line they stand; the nearest to the end of the line holds. */
export function readCommonOptions(command: Command): CommonOptions {
  const chain: Command[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) chain.unshift(at);
  const merged: Record<string, unknown> = {};
  for (const level of chain) {
    for (const [name, value] of Object.entries(level.opts())) {
      if (value !== undefined) merged[name] = value;
    }
  }
  const { registry, config, json, quiet, verbose, operatorKey, maxCheckpointAge } = merged as CommonOptions;
  return { registry, config, json, quiet, verbose, operatorKey, maxCheckpointAge };
}

/** Adds the options of a command that sends a record. */
export function addSubmitOptions(command: Command): Command {
  return command
    .option('--no-wait', 'do not wait until the registry has published the record')
    .addOption(timeoutOption())
    .option('--dry-run', 'do everything but send');
}

/** How long to wait for a record. A registry that never comes to an end must not hold up a script for ever. */
export function timeoutOption(): Option {
  return new Option('--timeout <time>', 'wait no longer than this: 30s, 5m')
    .argParser(parseDuration)
    .default(600, '10m');
}

/** Adds `--name`, which may stand for the package's argument. */
export function addNameOption(command: Command): Command {
  return command.option('-n, --name <package>', 'the package, in place of the argument');
}
