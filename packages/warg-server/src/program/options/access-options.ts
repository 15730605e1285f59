import { type Command, Option } from 'commander';
import type { AccessOptions } from '../../http/access/access.ts';
import { parseLifetime } from '../option-values.ts';

/** Who may read and publish. */
export interface AccessChoice {
  readonly private: boolean;
  readonly publishTokens: boolean;
  /** seconds */
  readonly contentUrlLifetime: number;
}

/** Adds these options to a command. */
export function addAccessOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--private', 'let nobody read without a token: see `warg-server token add`')
        .env('WARG_PRIVATE')
        .default(false),
    )
    .addOption(
      new Option('--publish-tokens', 'let nobody publish without a token; a private registry always does so')
        .env('WARG_PUBLISH_TOKENS')
        .default(false),
    )
    .addOption(
      new Option(
        '--content-url-lifetime <seconds>',
        'how long the URLs are good that a private registry hands out for downloads',
      )
        .env('WARG_CONTENT_URL_LIFETIME')
        .default(900)
        .argParser(parseLifetime),
    );
}

/** What `createRegistry` is told. */
export function accessOf(choice: AccessChoice): AccessOptions {
  const { private: isPrivate, publishTokens, contentUrlLifetime } = choice;
  return { isPrivate, publishTokens, contentUrlSeconds: contentUrlLifetime };
}
