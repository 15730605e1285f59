import { type Command, Option } from 'commander';
import { type ListenAddress, parseBaseUrl, parseListenAddress } from '../option-values.ts';

/** Where the registry listens, and how clients reach it. */
export interface ListenOptions {
  readonly listen: ListenAddress;
  readonly publicUrl?: string;
  readonly withoutFastPath: boolean;
}

/** Adds these options to a command. */
export function addListenOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-l, --listen <address>', 'address and port to listen on; port 0 takes a free one')
        .env('WARG_LISTEN')
        .default({ host: '127.0.0.1', port: 8090 }, '127.0.0.1:8090')
        .argParser(parseListenAddress),
    )
    .addOption(
      new Option(
        '--public-url <url>',
        'URL under which clients reach this registry; serves the well-known documents',
      )
        .env('WARG_PUBLIC_URL')
        .argParser(parseBaseUrl),
    )
    .addOption(
      new Option(
        '--without-fast-path',
        'answer every request in the way that is common to all hosts, without the short way for frequent ones: slower',
      )
        .env('WARG_WITHOUT_FAST_PATH')
        .default(false),
    );
}
