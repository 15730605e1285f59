import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DownloadResult, Resolution, Wanted } from '@warg/client';
import { createSha256, type Digest, digestFromBytes } from '@warg/crypto';
import type { Command } from 'commander';
import { parsePackageSpec, parseWantedVersion } from '../arguments/parsers.ts';
import { resolveArgumentPath } from '../config/settings.ts';
import type { Environment } from '../environment.ts';
import { CliError, UsageError } from '../errors.ts';
import { fileAccessError, isNotFound } from '../files/atomic-file.ts';
import { verifiedDocument } from '../output/documents.ts';
import type { CommandResult } from '../output/output.ts';
import { formatSize, formatTime, table } from '../output/text.ts';
import { announceWarnings } from '../terminal/trust.ts';
import { type Context, withClient } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions } from './options.ts';

/** The options of `warg download`. */
export interface DownloadCommandOptions {
  readonly version?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly offline?: boolean;
  readonly cacheOnly?: boolean;
}

/** Standard output, as the value of `--output`. */
const STANDARD_OUTPUT = '-';

/** Adds `warg download`. */
export function addDownloadCommand(program: Command, dispatch: Dispatch): void {
  const command = program
    .command('download')
    .summary('download a package, proved')
    .description(
      'Downloads a version of a package: the highest that fits and is not yanked.\n\n' +
        'The registry is asked first, unless --offline is given. The file appears under its name only when all proofs ' +
        'hold and its content has the digest that the publisher signed. A file that holds something else is not ' +
        'overwritten, unless you say --force.',
    )
    .argument('<package>', 'the package, perhaps with a version: example:hello@1.2.0')
    .option(
      '-v, --version <version>',
      'a version (1.2.0), or a requirement ("^1.2", ">=1, <2"); default: any',
    )
    .option(
      '-o, --output <path>',
      'a file that ends in .wasm, a folder, or - for standard output; default: NAME.wasm in the working folder',
    )
    .option('--cache-only', 'only make sure that the content is in the content folder')
    .option('--force', 'overwrite a file that holds something else')
    .option('--offline', 'do not ask the registry: use what is stored, as of then');
  addCommonOptions(command, { ownVersion: true })
    .addHelpText(
      'after',
      examples(
        'warg download example:hello',
        'warg download example:hello --version 0.1.0 --output hello-0.1.0.wasm',
        'warg download example:hello@^0.1 --output components/',
        'warg download example:hello --output - | wasm-tools component wit',
      ),
    )
    .action(async (spec: string, options: DownloadCommandOptions, self: Command) =>
      dispatch(self, (context) => download(context, spec, options)),
    );
}

/** `warg download` */
export async function download(
  context: Context,
  spec: string,
  options: DownloadCommandOptions,
): Promise<CommandResult> {
  const { environment, output } = context;
  const { name, wanted } = whatIsWanted(spec, options.version);
  const target = chooseTarget(context, name, options);
  return withClient(
    context,
    async (client, progress) => {
      const call = { signal: environment.signal, onProgress: progress.onProgress };
      const chosen = await client.resolve(name, wanted, call);
      progress.done();
      announceWarnings(output, chosen);
      const size =
        target.kind === 'file' ? await prepareFile(target.path, chosen.digest, options) : undefined;
      if (target.kind === 'file' && size !== undefined)
        return downloaded(chosen, { path: target.path, size, from: 'file' }, 'file');
      const { fileDestination } = await import('@warg/client/node');
      // What was just proved holds for the content as well: the registry need not be asked again.
      const result = await client.download(
        name,
        { version: chosen.version },
        {
          ...call,
          refresh: false,
          ...(target.kind === 'file'
            ? { to: fileDestination(target.path, { replace: options.force === true }) }
            : {}),
        },
      );
      progress.done();
      if (target.kind === 'stdout') return streamed(environment, result);
      return downloaded(chosen, result, target.kind);
    },
    { offline: options.offline === true },
  );
}

type Target = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'cache' | 'stdout' };

function whatIsWanted(spec: string, option: string | undefined): { name: string; wanted: Wanted } {
  const { name, version } = parsePackageSpec(spec);
  if (version !== undefined && option !== undefined && version !== option) {
    throw new UsageError(`--version ${option} and the @${version} of the package do not agree`);
  }
  const text = option ?? version;
  return { name, wanted: text === undefined ? '*' : parseWantedVersion(text) };
}

function chooseTarget(
  { environment, options }: Context,
  name: string,
  chosen: DownloadCommandOptions,
): Target {
  if (chosen.cacheOnly) {
    if (chosen.output !== undefined)
      throw new UsageError('--cache-only writes no file, so --output has no place');
    return { kind: 'cache' };
  }
  if (chosen.output === STANDARD_OUTPUT) {
    if (options.json) throw new UsageError('--output - and --json both want standard output');
    if (environment.stdout.isTTY) {
      throw new UsageError('a component is no text for a terminal', {
        hint: 'Redirect standard output to a file.',
      });
    }
    return { kind: 'stdout' };
  }
  return { kind: 'file', path: resolveArgumentPath(environment, filePath(name, chosen.output)) };
}

/**
 * The file for a package, as the reference chooses it: a path that ends in `.wasm` is the file, any other one is a folder
 * for it, and the file's own name is the package's without its namespace.
 *
 * @example
 * filePath('example:hello', undefined)     // 'hello.wasm'
 * filePath('example:hello', 'components')  // 'components/hello.wasm'
 * filePath('example:hello', 'a.wasm')      // 'a.wasm'
 */
export function filePath(name: string, output: string | undefined): string {
  const own = `${name.slice(name.indexOf(':') + 1)}.wasm`;
  if (output === undefined) return own;
  return extname(output).toLowerCase() === '.wasm' ? output : join(output, own);
}

/**
 * Makes the folder, and refuses to overwrite a file that holds something else.
 *
 * @returns the size of the file where it holds the content already
 */
async function prepareFile(
  path: string,
  digest: Digest,
  { force }: DownloadCommandOptions,
): Promise<number | undefined> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const existing = await stat(path);
    if (existing.isFile() && (await digestOfFile(path)) === digest) return existing.size;
    if (existing.isFile() && force) return undefined;
    throw new CliError('FILE_EXISTS', `${path} is there already and holds something else`, {
      hint: existing.isFile()
        ? 'Give another file with --output, or overwrite it with --force.'
        : `Give a file with --output: ${basename(path)} is not one.`,
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw fileAccessError('write', path, error);
  }
}

async function digestOfFile(path: string): Promise<Digest> {
  const hash = createSha256();
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return digestFromBytes(hash.digest());
}

/** Copies the content to standard output; it is hashed once more on the way. */
async function streamed(environment: Environment, result: DownloadResult): Promise<CommandResult> {
  const content = Readable.fromWeb(result.open() as Parameters<typeof Readable.fromWeb>[0]);
  await pipeline(content, environment.stdout, { end: false, signal: environment.signal });
  return { json: {}, human: () => [] };
}

/** Where the content is, and how it came there. */
interface Place extends Pick<DownloadResult, 'path' | 'size'> {
  /** `file` where it was there already. */
  readonly from: DownloadResult['from'] | 'file';
}

function downloaded(chosen: Resolution, result: Place, kind: 'file' | 'cache'): CommandResult {
  const path = result.path ?? null;
  return {
    json: {
      ...verifiedDocument(chosen),
      package: chosen.name,
      version: chosen.version,
      digest: chosen.digest,
      size: result.size,
      path,
      from: result.from,
    },
    human: (style) => [
      `${style.green(result.from === 'file' ? 'Already there:' : 'Downloaded')} ${style.bold(`${chosen.name}@${chosen.version}`)}`,
      ...table(
        [
          [
            kind === 'file' ? 'file' : 'in the content folder',
            `${path ?? 'no file'} (${formatSize(result.size)})`,
          ],
          ['digest', chosen.digest],
          ['assurance', assuranceText(chosen)],
          ['checkpoint', checkpointText(chosen)],
        ],
        '  ',
      ),
    ],
    quiet: path ?? chosen.digest,
  };
}

function assuranceText({ assurance }: Resolution): string {
  switch (assurance) {
    case 'proved':
      return 'proved: the operator’s signed state has this release, and the content has its digest';
    case 'locked-digest':
      return 'locked digest: the content has the digest that was named, no more';
    case 'transport':
      return 'transport: nothing is proved beyond the connection';
  }
}

function checkpointText({ checkpoint, asOf, refreshed }: Resolution): string {
  const { logLength } = checkpoint.contents;
  return `${logLength} records, signed ${formatTime(asOf)}${refreshed ? '' : ' (stored; the registry was not asked)'}`;
}
