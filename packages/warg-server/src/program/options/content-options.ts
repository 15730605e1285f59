import { type Command, Option } from 'commander';
import { type ContentLocation, parseContentLocation } from '../content-location.ts';
import { parseBaseUrl, parseLifetime, parseSize } from '../option-values.ts';

/** Where contents are kept. */
export interface ContentStoreOptions {
  readonly contentDir?: string;
  readonly contentStore?: ContentLocation;
  readonly contentStoreEndpoint?: string;
  readonly maxContentSize: number;
}

/** Where contents are kept, and how they are handed out. */
export interface ContentOptions extends ContentStoreOptions {
  /** seconds */
  readonly contentRedirect?: number;
  /** seconds */
  readonly contentUpload?: number;
  readonly contentBaseUrl?: string;
}

/** Adds these options to a command that serves. */
export function addContentOptions(command: Command): Command {
  return addContentStoreOptions(command)
    .addOption(
      new Option(
        '--content-redirect <seconds>',
        'send downloads to S3 itself, with URLs that are good for so long',
      )
        .env('WARG_CONTENT_REDIRECT')
        .argParser(parseLifetime),
    )
    .addOption(
      new Option(
        '--content-upload <seconds>',
        'let publishers put content into S3 itself, with URLs that are good for so long',
      )
        .env('WARG_CONTENT_UPLOAD')
        .argParser(parseLifetime),
    )
    .addOption(
      new Option('--content-base-url <url>', 'URL below which content is downloaded')
        .default(undefined, 'the public URL')
        .env('WARG_CONTENT_BASE_URL')
        .argParser(parseBaseUrl),
    );
}

/** Adds the options for where contents are kept to a command. */
export function addContentStoreOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--content-dir <dir>', 'folder of the content')
        .default(undefined, '`content` in the data folder')
        .env('WARG_CONTENT_DIR'),
    )
    .addOption(
      new Option(
        '--content-store <location>',
        'where the content is kept instead: `s3://bucket/prefix` or `oci://host/repository`',
      )
        .env('WARG_CONTENT_STORE')
        .argParser(parseContentLocation)
        .conflicts('contentDir'),
    )
    .addOption(
      new Option('--content-store-endpoint <url>', 'URL of an S3 service that is not of AWS')
        .env('WARG_CONTENT_STORE_ENDPOINT')
        .argParser(parseBaseUrl),
    )
    .addOption(
      new Option('--max-content-size <bytes>', 'largest content that is accepted, such as 500MB or 1GiB')
        .env('WARG_MAX_CONTENT_SIZE')
        .default(2 ** 30, '1GiB')
        .argParser(parseSize),
    );
}
