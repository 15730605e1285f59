import { type Command, Option } from 'commander';
import { parseBaseUrl } from '../option-values.ts';

/** What is known of a registry that was restored from a copy. */
export interface RestoreOptions {
  readonly afterCheckpoint?: string;
  readonly recoverFrom?: string;
  readonly recoverTokenFile?: string;
}

/** Adds these options to a command that serves. */
export function addRestoreOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--after-checkpoint <file>',
        'sign nothing before the store has the log of this checkpoint, as `v1/fetch/checkpoint` once answered it',
      ).env('WARG_AFTER_CHECKPOINT'),
    )
    .addOption(
      new Option(
        '--recover-from <url>',
        'where a registry is that has what a restored store lacks: a mirror, another server',
      )
        .env('WARG_RECOVER_FROM')
        .argParser(parseBaseUrl),
    )
    .addOption(
      new Option(
        '--recover-token-file <file>',
        'file with the token that this registry asks for, for all namespaces',
      ).env('WARG_RECOVER_TOKEN_FILE'),
    );
}
