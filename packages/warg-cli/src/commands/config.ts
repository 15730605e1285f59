import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { parseBoolean, parseDuration, parseOperatorKeyArgument } from '../arguments/parsers.ts';
import { type Config, emptyConfig } from '../config/config.ts';
import {
  type LoadedConfig,
  readConfig,
  relativeToConfig,
  resolveConfigPath,
  writeConfig,
} from '../config/config-file.ts';
import { isSameRegistry, parseRegistryUrl } from '../config/registry-url.ts';
import { resolveArgumentPath, resolveSettings } from '../config/settings.ts';
import { UsageError } from '../errors.ts';
import { keyringBackends, keyringDirectory, parseKeyringBackend } from '../keyring/backends.ts';
import type { CommandResult } from '../output/output.ts';
import { table } from '../output/text.ts';
import type { Context } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions } from './options.ts';

/** The settings that `warg config` can change. */
export interface ConfigOptions {
  readonly path?: string;
  readonly registriesDir?: string;
  readonly contentDir?: string;
  readonly namespacePath?: string;
  readonly ignoreFederationHints?: boolean;
  readonly disableAutoAcceptFederationHints?: boolean;
  readonly disableAutoPackageInit?: boolean;
  readonly disableInteractive?: boolean;
  readonly keyringBackend?: string;
  readonly operatorKey?: string;
  readonly maxCheckpointAge?: number;
  readonly overwrite?: boolean;
}

/** Adds `warg config`. */
export function addConfigCommand(program: Command, dispatch: Dispatch): void {
  const flag = (name: string, description: string): Option =>
    new Option(`${name} <boolean>`, description).argParser(parseBoolean);
  const command = program
    .command('config')
    .summary('show or change the configuration')
    .description(
      'Shows the configuration, or changes what is given.\n\n' +
        'The configuration is the file that --config names, else the nearest warg-config.json in the working folder ' +
        'or above it, else config.json in the folder `warg` of your configuration folder. Changes go to PATH, else ' +
        'to the file that holds now. The Rust warg reads and writes the same files.',
    )
    .argument('[path]', 'the file to write, instead of the one that holds now')
    .option('--path <path>', 'the same as the argument')
    .option('--registries-dir <folder>', 'where the verified state of registries is kept')
    .option('--content-dir <folder>', 'where content is kept')
    .option(
      '--namespace-path <file>',
      'the Rust warg’s map of namespaces: shown and reset, without effect here else',
    )
    .addOption(flag('--ignore-federation-hints', 'kept for the Rust warg; without effect here'))
    .addOption(flag('--disable-auto-accept-federation-hints', 'kept for the Rust warg; without effect here'))
    .addOption(flag('--disable-auto-package-init', 'never initialize a package by releasing it'))
    .addOption(flag('--disable-interactive', 'never ask, even on a terminal'))
    .option(
      '--keyring-backend <name>',
      `where secrets are kept: ${keyringBackends(process.platform)
        .map(({ name }) => name)
        .join(', ')} (this version keeps them in flat files alone)`,
    )
    .addOption(
      new Option(
        '--operator-key <key>',
        'trust this operator of the registry only: its public key, or the id of its first record',
      ).argParser(parseOperatorKeyArgument),
    )
    .addOption(
      new Option(
        '--max-checkpoint-age <time>',
        'refuse registry states signed longer ago: 90s, 10m, 2h, 1d',
      ).argParser(parseDuration),
    )
    .option('--overwrite', 'write the file anew, keeping nothing but the lists of keys (needs --registry)');
  addCommonOptions(command, { client: false })
    .addHelpText(
      'after',
      examples(
        'warg config',
        'warg config --registry https://registry.example',
        'warg config --registry http://localhost:8090 ./warg-config.json',
      ),
    )
    .action(async (path: string | undefined, options: ConfigOptions, self: Command) =>
      dispatch(self, (context) => configure(context, path === undefined ? options : { ...options, path })),
    );
}

/** `warg config`: shows, or changes what is given. */
export async function configure(context: Context, options: ConfigOptions): Promise<CommandResult> {
  const target =
    options.path === undefined ? undefined : resolveArgumentPath(context.environment, options.path);
  refuseSlip(context, options);
  if (options.keyringBackend !== undefined) {
    parseKeyringBackend(options.keyringBackend, context.environment.platform);
  }
  const from = await startingPoint(context, target);
  if (!isChange(context, options) && (target === undefined || from.exists))
    return report(context, from, false);
  const path = target ?? from.path;
  const config = await changed(context, options, from, path);
  await writeConfig(path, config);
  if (options.keyringBackend !== undefined && options.keyringBackend !== 'flat-file') {
    context.output.warn(
      `this version of warg cannot use the keyring backend ${options.keyringBackend}; it will ask before a key goes to a file`,
    );
  }
  return report(context, { ...from, config, path, exists: true }, true);
}

/** The file to start from: the one to write, where it is there already, else the one that holds now. */
async function startingPoint({ loaded }: Context, target: string | undefined): Promise<LoadedConfig> {
  if (target === undefined || target === loaded.path) return loaded;
  const config = await readConfig(target);
  return config === undefined
    ? { ...loaded, exists: false }
    : { config, path: target, origin: 'option', exists: true };
}

/** `warg config show` means to show, and not to write a file called `show`. */
function refuseSlip(context: Context, options: ConfigOptions): void {
  if (options.path === undefined || isChange(context, options) || /[./\\]/.test(options.path)) return;
  throw new UsageError(`nothing is given to write to the file ${JSON.stringify(options.path)}`, {
    hint: '`warg config` alone shows the configuration; `warg config --help` lists what can be set.',
  });
}

const SETTINGS: readonly (keyof ConfigOptions)[] = [
  'registriesDir',
  'contentDir',
  'namespacePath',
  'ignoreFederationHints',
  'disableAutoAcceptFederationHints',
  'disableAutoPackageInit',
  'disableInteractive',
  'keyringBackend',
  'operatorKey',
  'maxCheckpointAge',
  'overwrite',
];

function isChange({ options: { registry } }: Context, options: ConfigOptions): boolean {
  return registry !== undefined || SETTINGS.some((name) => options[name] !== undefined);
}

async function changed(
  { environment, options: { registry }, loaded }: Context,
  options: ConfigOptions,
  from: LoadedConfig,
  path: string,
): Promise<Config> {
  if (options.overwrite && registry === undefined) {
    throw new UsageError('--overwrite needs a home registry', { hint: 'Name it with --registry URL.' });
  }
  const homeUrl = registry === undefined ? from.config.homeUrl : parseRegistryUrl(registry);
  const base: Config = options.overwrite
    ? { ...emptyConfig, ...keysOf(loaded.config) }
    : await moved(from, path);
  const place = async (given: string | undefined, name: PathMember): Promise<Partial<Config>> =>
    given === undefined
      ? {}
      : { [name]: await relativeToConfig(path, resolveArgumentPath(environment, given)) };
  return {
    ...base,
    ...(homeUrl === undefined ? {} : { homeUrl }),
    ...(await place(options.registriesDir, 'registriesDir')),
    ...(await place(options.contentDir, 'contentDir')),
    ...(await place(options.namespacePath, 'namespaceMapPath')),
    ...given('ignoreFederationHints', options.ignoreFederationHints),
    ...given('disableAutoAcceptFederationHints', options.disableAutoAcceptFederationHints),
    ...given('disableAutoPackageInit', options.disableAutoPackageInit),
    ...given('disableInteractive', options.disableInteractive),
    ...given('keyringBackend', options.keyringBackend),
    ...given('maxCheckpointAge', options.maxCheckpointAge),
    ...given('operatorKeys', withPin(base.operatorKeys, homeUrl, options.operatorKey)),
  };
}

/** What --overwrite keeps: it is no setting, but says what is there. */
function keysOf({ keys, operatorKeys, keyringBackend }: Config): Partial<Config> {
  return { keys, operatorKeys, ...given('keyringBackend', keyringBackend) };
}

type PathMember = 'registriesDir' | 'contentDir' | 'namespaceMapPath';

/** A configuration as another file has to write it: its paths are relative to the file. */
async function moved({ config, path: from }: LoadedConfig, to: string): Promise<Config> {
  if (from === to) return config;
  const result: { -readonly [K in keyof Config]: Config[K] } = { ...config };
  for (const name of ['registriesDir', 'contentDir', 'namespaceMapPath'] as const) {
    const path = config[name];
    if (path !== undefined) result[name] = await relativeToConfig(to, await resolveConfigPath(from, path));
  }
  return result;
}

function withPin(
  pins: Config['operatorKeys'],
  registry: string | undefined,
  pin: string | undefined,
): Config['operatorKeys'] | undefined {
  if (pin === undefined) return undefined;
  if (registry === undefined) {
    throw new UsageError('--operator-key needs a registry', { hint: 'Name it with --registry URL.' });
  }
  const others = Object.entries(pins).filter(([name]) => !isSameRegistry(name, registry));
  return { ...Object.fromEntries(others), [registry]: pin };
}

function given<K extends keyof Config>(name: K, value: Config[K] | undefined): Partial<Config> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Config>);
}

async function report(context: Context, shown: LoadedConfig, written: boolean): Promise<CommandResult> {
  const { environment } = context;
  const { config, path, exists } = shown;
  const settings = await resolveSettings(environment, shown);
  const { unknown, ...known } = config;
  const backend = config.keyringBackend ?? 'flat-file';
  const isThere =
    exists ||
    (await stat(path).then(
      () => true,
      () => false,
    ));
  return {
    json: {
      path,
      exists: isThere,
      written,
      config: { ...known, ...unknown },
      effective: {
        registry: settings.registry ?? null,
        registriesDir: settings.registriesDir,
        contentDir: settings.contentDir,
        namespaceMapPath: settings.namespaceMapPath,
        keyringBackend: backend,
        keyringDir: keyringDirectory(environment),
        operatorKey: settings.operatorKey ?? null,
        maxCheckpointAge: settings.maxCheckpointAge ?? null,
      },
    },
    human: (style) => [
      written ? `Set configuration file ${style.bold(path)}` : `Configuration file ${style.bold(path)}`,
      ...(isThere ? [] : ['(it does not exist; these are the defaults)']),
      ...table(
        [
          ['home registry', settings.registry ?? 'none; set one with `warg config --registry URL`'],
          ['operator key', settings.operatorKey ?? 'kept from first use'],
          [
            'greatest checkpoint age',
            config.maxCheckpointAge === undefined ? 'any' : `${config.maxCheckpointAge} s`,
          ],
          ['registry state', settings.registriesDir],
          ['content', settings.contentDir],
          ['namespaces', settings.namespaceMapPath],
          ['keyring', `${backend}, ${keyringDirectory(environment)}`],
          ['signing keys', config.keys.length === 0 ? 'none listed' : config.keys.join(', ')],
          ...switches(config),
        ],
        '  ',
      ),
    ],
    quiet: path,
  };
}

function switches(config: Config): readonly (readonly [string, string])[] {
  const names = [
    'keyringAuth',
    'ignoreFederationHints',
    'disableAutoAcceptFederationHints',
    'disableAutoPackageInit',
    'disableInteractive',
  ] as const;
  const on = names.filter((name) => config[name]);
  return on.length === 0 ? [] : [['switched on', on.join(', ')]];
}
