import { Command, Option } from 'commander';
import { type ContentLocation, parseContentLocation } from './content-location.ts';
import { defaultDataDir } from './data-dir.ts';
import {
  collectImports,
  collectNamespaces,
  type ImportedNamespace,
  type ListenAddress,
  parseBaseUrl,
  parseLifetime,
  parseListenAddress,
  parseSize,
} from './option-values.ts';

/** The options of `warg-server`, read but not yet acted on. */
export interface ServeOptions {
  readonly listen: ListenAddress;
  readonly dataStore: 'sqlite' | 'postgres' | 'memory';
  readonly databaseUrl?: string;
  readonly databaseUrlFile?: string;
  readonly databaseRunMigrations: boolean;
  readonly dataDir: string;
  readonly contentDir?: string;
  readonly contentStore?: ContentLocation;
  readonly contentStoreEndpoint?: string;
  /** seconds */
  readonly contentRedirect?: number;
  readonly contentBaseUrl?: string;
  readonly publicUrl?: string;
  readonly operatorKey?: string;
  readonly operatorKeyFile?: string;
  readonly namespace: readonly string[];
  readonly importNamespace: readonly ImportedNamespace[];
  readonly authorizedKeysFile?: string;
  readonly maxContentSize: number;
  readonly verbose: number;
}

/** The command that the program is when no other is named. */
export function serveCommand(): Command {
  return new Command('warg-server')
    .description('Runs a Warg registry.')
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
      new Option('--data-store <kind>', 'where records are kept; `memory` forgets them at exit')
        .env('WARG_DATA_STORE')
        .choices(['sqlite', 'postgres', 'memory'])
        .default('sqlite'),
    )
    .addOption(
      new Option('--data-dir <dir>', 'folder of the database and, unless told otherwise, of the content')
        .env('WARG_DATA_DIR')
        .default(defaultDataDir(process.platform, process.env)),
    )
    .addOption(
      new Option('--database-url-file <file>', 'file with the URL of the PostgreSQL database').env(
        'WARG_DATABASE_URL_FILE',
      ),
    )
    .addOption(
      new Option(
        '--database-url <url>',
        'the URL itself; prefer the file or the environment, other users can see command lines',
      )
        .env('WARG_DATABASE_URL')
        .conflicts('databaseUrlFile'),
    )
    .addOption(
      new Option(
        '--database-run-migrations',
        'bring an empty or older PostgreSQL database to the schema of this program first',
      ).default(false, 'not'),
    )
    .addOption(
      new Option('--content-dir <dir>', 'folder of the content (default: `content` in the data folder)').env(
        'WARG_CONTENT_DIR',
      ),
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
      new Option(
        '--content-redirect <seconds>',
        'send downloads to S3 itself, with URLs that are good for so long',
      )
        .env('WARG_CONTENT_REDIRECT')
        .argParser(parseLifetime),
    )
    .addOption(
      new Option(
        '--content-base-url <url>',
        'URL below which content is downloaded (default: the public URL)',
      )
        .env('WARG_CONTENT_BASE_URL')
        .argParser(parseBaseUrl),
    )
    .addOption(
      new Option('--max-content-size <bytes>', 'largest content that is accepted, such as 500MB or 1GiB')
        .env('WARG_MAX_CONTENT_SIZE')
        .default(2 ** 30, '1GiB')
        .argParser(parseSize),
    )
    .addOption(
      new Option('--operator-key-file <file>', 'file with the key with which the registry signs').env(
        'WARG_OPERATOR_KEY_FILE',
      ),
    )
    .addOption(
      new Option('--operator-key <key>', 'the key itself; prefer the file, other users can see command lines')
        .env('WARG_OPERATOR_KEY')
        .conflicts('operatorKeyFile'),
    )
    .addOption(
      new Option('--namespace <name>', 'namespace that the registry has; may be repeated, or hold commas')
        .env('WARG_NAMESPACE')
        .default([], 'none')
        .argParser(collectNamespaces),
    )
    .addOption(
      new Option('--import-namespace <name=registry>', 'namespace that another registry has; may be repeated')
        .env('WARG_IMPORT_NAMESPACE')
        .default([], 'none')
        .argParser(collectImports),
    )
    .addOption(
      new Option('--authorized-keys-file <file>', 'TOML file that says which keys may publish what').env(
        'WARG_AUTHORIZED_KEYS_FILE',
      ),
    )
    .addOption(
      new Option('-v, --verbose', 'say more; twice for even more (env: WARG_VERBOSE)')
        .default(0, 'not')
        .argParser((_value, before: number) => before + 1),
    );
}
