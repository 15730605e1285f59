import { type Command, Option } from 'commander';

/** Who may publish what. */
export interface PolicyOptions {
  readonly authorizedKeysFile?: string;
}

/** Adds these options to a command. */
export function addPolicyOptions(command: Command): Command {
  return command.addOption(
    new Option('--authorized-keys-file <file>', 'TOML file that says which keys may publish what').env(
      'WARG_AUTHORIZED_KEYS_FILE',
    ),
  );
}
