import type { PublishEntry } from '@warg/client';
import { WargError } from '@warg/crypto';
import { type Command, Option } from 'commander';
import {
  type PermissionName,
  parseKeyIdArgument,
  parsePermissions,
  parsePublicKeyArgument,
} from '../arguments/parsers.ts';
import { refuseVersion, requireVersion, takePackage } from '../arguments/publish-arguments.ts';
import { resolveArgumentPath } from '../config/settings.ts';
import { CliError } from '../errors.ts';
import { fileAccessError } from '../files/atomic-file.ts';
import { requireConsent } from '../terminal/prompts.ts';
import type { Context } from './context.ts';
import type { Dispatch } from './dispatch.ts';
import { examples } from './examples.ts';
import { addCommonOptions, addNameOption, addSubmitOptions } from './options.ts';
import { addPendingCommands } from './publish-pending.ts';
import { publishEntry, type SubmitOptions } from './publish-record.ts';

/** An argument that may be left out. */
type Argument = string | undefined;

interface NamedOptions extends SubmitOptions {
  readonly name?: string;
}

interface VersionOptions extends NamedOptions {
  readonly version?: string;
}

interface PermissionOptions extends NamedOptions {
  readonly permission?: readonly string[];
}

/** Adds `warg publish`. */
export function addPublishCommands(program: Command, dispatch: Dispatch): void {
  const publish = program
    .command('publish')
    .summary('publish packages and change who may')
    .description(
      'Publishes packages, and changes who may.\n\n' +
        'Each command makes one signed record, sends it, and waits until the registry shows it in a signed state that ' +
        'proves it. While a publish of the package is pending (`publish start`), commands add to it instead, and ' +
        '`publish submit` sends all of it as one record.',
    )
    .enablePositionalOptions();
  addInit(publish, dispatch);
  addRelease(publish, dispatch);
  addYank(publish, dispatch);
  addGrant(publish, dispatch);
  addRevoke(publish, dispatch);
  addPendingCommands(publish, dispatch);
}

function addInit(publish: Command, dispatch: Dispatch): void {
  const command = publish
    .command('init')
    .summary('create a package')
    .description(
      'Creates a package: your signing key becomes the one that may release, yank and let others in.',
    )
    .argument('[package]', 'the package to create')
    .usage('[options] <package>');
  addCommonOptions(addSubmitOptions(addNameOption(command)))
    .addHelpText('after', examples('warg publish init example:hello'))
    .action(async (name: Argument, options: NamedOptions, self: Command) =>
      dispatch(self, async (context) => {
        const named = takePackage([name], options.name);
        refuseVersion(named);
        return publishEntry(context, named.name, options, async () => ({ type: 'init' }));
      }),
    );
}

function addRelease(publish: Command, dispatch: Dispatch): void {
  const command = publish
    .command('release')
    .summary('release a version of a package')
    .description(
      'Releases a version of a package: uploads the file, and records its digest for good.\n\n' +
        'A package that does not exist is initialized by its first release, unless the configuration says ' +
        'disableAutoPackageInit.',
    )
    .argument('[package]', 'the package, perhaps with the version: example:hello@1.2.0')
    .argument('[path]', 'the file to release')
    .usage('[options] <package> <path>')
    .option('-v, --version <version>', 'the version to release');
  addCommonOptions(addSubmitOptions(addNameOption(command)), { ownVersion: true })
    .addHelpText(
      'after',
      examples(
        'warg publish release example:hello@0.1.0 hello.wasm',
        'warg publish release --name example:hello --version 0.1.0 hello.wasm',
        'warg publish release example:hello@0.1.0 hello.wasm --no-wait',
      ),
    )
    .action(async (name: Argument, path: Argument, options: VersionOptions, self: Command) =>
      dispatch(self, async (context) => {
        const named = takePackage([name, path], options.name, ['PATH']);
        const version = requireVersion(named, options.version);
        const content = await openContent(context, named.rest[0] ?? '');
        return publishEntry(context, named.name, options, async () => ({
          type: 'release',
          version,
          content,
        }));
      }),
    );
}

function addYank(publish: Command, dispatch: Dispatch): void {
  const command = publish
    .command('yank')
    .summary('withdraw a version of a package')
    .description(
      'Withdraws a version of a package, so that nobody is offered it any more. This cannot be undone.',
    )
    .argument('[package]', 'the package, perhaps with the version: example:hello@1.2.0')
    .usage('[options] <package>')
    .option('-v, --version <version>', 'the version to withdraw')
    .option('-y, --yes', 'do not ask');
  addCommonOptions(addSubmitOptions(addNameOption(command)), { ownVersion: true })
    .addHelpText(
      'after',
      examples('warg publish yank example:hello@0.1.0', 'warg publish yank example:hello@0.1.0 --yes'),
    )
    .action(async (name: Argument, options: VersionOptions & { yes?: boolean }, self: Command) =>
      dispatch(self, async (context) => {
        const named = takePackage([name], options.name);
        const version = requireVersion(named, options.version);
        await requireConsent(context.prompts, {
          question: `Yank ${named.name}@${version}? It cannot be undone, and the version cannot be released again.`,
          because: `yanking ${named.name}@${version} cannot be undone`,
          yes: options.yes === true || options.dryRun === true,
        });
        return publishEntry(context, named.name, options, async () => ({ type: 'yank', version }));
      }),
    );
}

function addGrant(publish: Command, dispatch: Dispatch): void {
  const command = publish
    .command('grant')
    .summary('let another key publish')
    .description('Lets another key release or yank versions of a package.')
    .argument('[package]', 'the package')
    .argument('[public-key]', 'the key to let in: ecdsa-p256:…')
    .usage('[options] <package> <public-key>')
    .addOption(permissionOption('grant'));
  addCommonOptions(addSubmitOptions(addNameOption(command)))
    .addHelpText(
      'after',
      examples(
        'warg publish grant example:hello ecdsa-p256:A…',
        'warg publish grant example:hello ecdsa-p256:A… --permission release',
      ),
    )
    .action(async (name: Argument, publicKey: Argument, options: PermissionOptions, self: Command) =>
      dispatch(self, async (context) => {
        const named = takePackage([name, publicKey], options.name, ['PUBLIC_KEY']);
        refuseVersion(named);
        const key = parsePublicKeyArgument(named.rest[0] ?? '');
        const permissions = chosenPermissions(options);
        return publishEntry(context, named.name, options, async () => ({ type: 'grant', key, permissions }));
      }),
    );
}

function addRevoke(publish: Command, dispatch: Dispatch): void {
  const command = publish
    .command('revoke')
    .summary('take permissions from a key')
    .description('Takes permissions in a package from a key.')
    .argument('[package]', 'the package')
    .argument('[key-id]', 'the id of the key (sha256:…), or the public key itself')
    .usage('[options] <package> <key-id>')
    .addOption(permissionOption('revoke'));
  addCommonOptions(addSubmitOptions(addNameOption(command)))
    .addHelpText('after', examples('warg publish revoke example:hello sha256:… --permission yank'))
    .action(async (name: Argument, key: Argument, options: PermissionOptions, self: Command) =>
      dispatch(self, async (context) => {
        const named = takePackage([name, key], options.name, ['KEY_ID']);
        refuseVersion(named);
        const keyId = parseKeyIdArgument(named.rest[0] ?? '');
        const permissions = chosenPermissions(options);
        return publishEntry(context, named.name, options, async () => ({
          type: 'revoke',
          keyId,
          permissions,
        }));
      }),
    );
}

function permissionOption(verb: string): Option {
  return new Option(
    '--permission <names>',
    `what to ${verb}: release, yank or both (default: release,yank)`,
  ).argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
}

function chosenPermissions({ permission }: PermissionOptions): readonly PermissionName[] {
  return parsePermissions(permission ?? ['release,yank']);
}

async function openContent(
  { environment }: Context,
  path: string,
): Promise<Extract<PublishEntry, { type: 'release' }>['content']> {
  const absolute = resolveArgumentPath(environment, path);
  try {
    const { fileContent } = await import('@warg/client/node');
    return await fileContent(absolute);
  } catch (error) {
    // The client's own words name the file already.
    if (error instanceof WargError) throw new CliError('FILE_ACCESS', error.message, { cause: error });
    throw fileAccessError('read', absolute, error);
  }
}
