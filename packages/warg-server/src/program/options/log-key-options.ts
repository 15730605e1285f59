import { type Command, Option } from 'commander';

/** With which key the log is signed for readers of transparency logs. */
export interface LogKeyOptions {
  readonly logKeyFile?: string;
  readonly logOrigin?: string;
}

/** Adds these options to a command. */
export function addLogKeyOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--log-key-file <file>',
        'file with the key that signs the log as C2SP notes (`/checkpoint`), as `key new --log` makes it',
      ).env('WARG_LOG_KEY_FILE'),
    )
    .addOption(
      new Option('--log-origin <name>', 'name that this key must have, the origin in all notes').env(
        'WARG_LOG_ORIGIN',
      ),
    );
}

/** With which key the notes of a log are verified. */
export interface LogVerifierOptions {
  readonly logKeyFile?: string;
  readonly logVerifierKey?: string;
}

/** Adds these options to a command that reads what was signed. */
export function addLogVerifierOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--log-verifier-key <key>',
        'public key of the log, to verify the stored note with: `name+id+base64`, as `key new --log` printed it',
      ).env('WARG_LOG_VERIFIER_KEY'),
    )
    .addOption(
      new Option('--log-key-file <file>', 'in place of that the file with the secret key').env(
        'WARG_LOG_KEY_FILE',
      ),
    );
}
