import type { OperatorInfo, PackageInfo, ReleaseInfo, Verified } from '@warg/client';
import type { Command } from 'commander';
import { parsePackage } from '../arguments/parsers.ts';
import { readNamespaceMap } from '../config/namespace-map.ts';
import { packageDocument, permissionsOf, verifiedDocument } from '../output/documents.ts';
import type { CommandResult } from '../output/output.ts';
import type { Style } from '../output/style.ts';
import { count, formatTime, table } from '../output/text.ts';
import { announceWarnings } from '../terminal/trust.ts';
import { type Context, openStorage, withClient } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions } from './options.ts';

/** The options of `warg info`. */
export interface InfoOptions {
  readonly namespaces?: boolean;
  readonly offline?: boolean;
}

/** Adds `warg info`. */
export function addInfoCommand(program: Command, dispatch: Dispatch): void {
  const command = program
    .command('info')
    .summary('show a package, or what is stored')
    .description(
      'Shows a package: its versions, yanked ones too, their digests, and who may do what. Without a package, shows ' +
        'the registry and the packages that are stored here.\n\n' +
        'The registry is asked first, unless --offline is given.',
    )
    .argument('[package]', 'this package alone')
    .option('-n, --namespaces', 'only show which registries namespaces are mapped to')
    .option('--offline', 'do not ask the registry: show what is stored, as of then');
  addCommonOptions(command)
    .addHelpText(
      'after',
      examples('warg info', 'warg info example:hello', 'warg info example:hello --json --offline'),
    )
    .action(async (name: string | undefined, options: InfoOptions, self: Command) =>
      dispatch(self, (context) => {
        if (options.namespaces) return namespaceInfo(context);
        return name === undefined ? storageInfo(context, options) : packageInfo(context, name, options);
      }),
    );
}

/** `warg info PACKAGE` */
export async function packageInfo(
  context: Context,
  name: string,
  options: InfoOptions,
): Promise<CommandResult> {
  const checked = parsePackage(name);
  return withClient(
    context,
    async (client, progress) => {
      const info = await client.package(checked, {
        signal: context.environment.signal,
        onProgress: progress.onProgress,
      });
      progress.done();
      announceWarnings(context.output, info);
      return {
        json: { ...verifiedDocument(info), package: packageDocument(info) },
        human: (style) => [...packageLines(info, style), ...groundLines(info, style)],
      };
    },
    { offline: options.offline === true },
  );
}

/** `warg info` */
export async function storageInfo(context: Context, options: InfoOptions): Promise<CommandResult> {
  return withClient(
    context,
    async (client, progress) => {
      const call = {
        refresh: options.offline !== true,
        signal: context.environment.signal,
        onProgress: progress.onProgress,
      };
      const operator = await client.operator(call);
      const packages = await client.packages({ ...call, refresh: false });
      const registries = await (await openStorage(context.settings)).registries();
      progress.done();
      if (operator !== undefined) announceWarnings(context.output, operator);
      return {
        json: {
          registry: client.registry,
          ...(operator === undefined ? {} : verifiedDocument(operator)),
          namespaces: operator === undefined ? {} : Object.fromEntries(operator.namespaces),
          packages: packages.map(packageDocument),
          stored: registries,
        },
        human: (style) => storageLines(client.registry, operator, packages, style),
      };
    },
    { offline: options.offline === true },
  );
}

/** `warg info --namespaces`: the map that the reference keeps. */
export async function namespaceInfo({ settings }: Context): Promise<CommandResult> {
  const map = await readNamespaceMap(settings.namespaceMapPath);
  const entries = Object.entries(map);
  return {
    json: { namespaces: map },
    human: () =>
      entries.length === 0
        ? ['No namespace is mapped to a registry']
        : entries.map(([namespace, registry]) => `${namespace}=${registry}`),
  };
}

function storageLines(
  registry: string,
  operator: OperatorInfo | undefined,
  packages: readonly PackageInfo[],
  style: Style,
): readonly string[] {
  const lines = [`Registry: ${style.bold(registry)}`];
  if (operator === undefined) return [...lines, 'Nothing is stored of it yet'];
  const namespaces = [...operator.namespaces].map(([namespace, { state }]) =>
    state === 'defined' ? namespace : `${namespace} (elsewhere)`,
  );
  lines.push(
    ...table(
      [
        ['operator', operator.operator.key],
        ['namespaces', namespaces.length === 0 ? 'none' : namespaces.join(', ')],
      ],
      '  ',
    ),
    '',
  );
  if (packages.length === 0) lines.push('No packages are stored here yet', '');
  for (const info of packages) lines.push(...packageLines(info, style), '');
  return [...lines, ...groundLines(operator, style)];
}

function packageLines(info: PackageInfo, style: Style): readonly string[] {
  const width = Math.max(0, ...info.releases.map(({ version }) => version.length));
  return [
    `${style.bold(info.name)} (${count(info.records, 'record')})`,
    ...(info.releases.length === 0 ? ['  No versions are released yet'] : ['  Versions:']),
    ...info.releases.map((release) => `    ${releaseLine(release, width, style)}`),
    '  Keys:',
    ...[...info.keys.keys()].map((keyId) => {
      const permissions = permissionsOf(info, keyId);
      return `    ${keyId}  ${permissions.length === 0 ? style.dim('may nothing') : permissions.join(', ')}`;
    }),
  ];
}

function releaseLine(release: ReleaseInfo, width: number, style: Style): string {
  const version = release.version.padEnd(width);
  if (release.state === 'released')
    return `${version}  ${release.digest ?? ''}  ${formatTime(release.releasedAt)}`;
  const when = release.yankedAt === undefined ? '' : `  ${formatTime(release.yankedAt)}`;
  return style.dim(`${version}  yanked${when}`);
}

function groundLines(verified: Verified, style: Style): readonly string[] {
  const { assurance, checkpoint, asOf, refreshed } = verified;
  const records = count(checkpoint.contents.logLength, 'record');
  const stored = refreshed ? '' : ' (stored; the registry was not asked)';
  return [style.dim(`${assurance}: checkpoint of ${records}, signed ${formatTime(asOf)}${stored}`)];
}
