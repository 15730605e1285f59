import { isDigest, keyIdOf, type PublicKey, parsePublicKey } from '@warg/crypto';
import { OPERATOR_PERMISSIONS, type OperatorPermission } from '@warg/protocol';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import {
  addKey,
  defineNamespaces,
  importNamespaces,
  type OperatorChange,
  revokeKey,
} from '../../operator/changes.ts';
import { administer } from '../administration.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { changeOperatorLog } from '../operator-change.ts';
import { type KeySource, readOperatorKey } from '../operator-key.ts';
import { collectImports, collectNamespaces, type ImportedNamespace } from '../option-values.ts';
import { addOperatorKeyOptions } from '../options/operator-options.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';
import { permissionWords, showCommand } from './operator-show-command.ts';

type ChangeOptions = AdministrationOptions & KeySource & { readonly json: boolean };
type PermissionOptions = ChangeOptions & { readonly permission?: readonly OperatorPermission[] };

/** What is said of a change besides its record. */
interface Told {
  readonly words: string;
  readonly data: object;
}

/** `warg-server operator`: who may sign for the registry, and which namespaces it has. */
export function operatorCommand(host: ProgramHost): Command {
  /** @param told what the change comes to, in words and as data */
  const change = async (options: ChangeOptions, what: OperatorChange, told: Told): Promise<void> => {
    const key = await readOperatorKey(options);
    const published = await administer(options, (administration) =>
      changeOperatorLog(administration, key, what),
    );
    const { recordId, registryIndex } = published;
    host.stdout.write(
      options.json
        ? `${JSON.stringify({ ...told.data, recordId, registryIndex }, undefined, 2)}\n`
        : `${told.words}\noperator record ${recordId}, number ${registryIndex} of the registry's log\n`,
    );
  };
  const operator = new Command('operator')
    .description('see and change which keys may sign for a registry, and which namespaces it has')
    .addHelpText('after', examples('warg-server operator show'));
  operator.addCommand(showCommand(host));

  changing('add-key', 'let a further key sign for the registry')
    .addArgument(
      new Argument('<public-key>', 'such as `warg-server key new` prints').argParser(readPublicKey),
    )
    .addOption(permissionOption('what the key may do'))
    .addHelpText('after', `${rotation}\n${exampleOf('add-key ecdsa-p256:…')}`)
    .action(async (key: PublicKey, { permission = OPERATOR_PERMISSIONS, ...options }: PermissionOptions) => {
      const keyId = keyIdOf(key);
      await change(options, addKey(key, permission), {
        words: `${keyId} may now: ${permissionWords(permission)}`,
        data: { keyId, permissions: permission },
      });
    });

  changing('revoke-key', 'take from a key what it may do')
    .addArgument(new Argument('<key-id>', 'as `operator show` prints it').argParser(readKeyId))
    .addOption(permissionOption('what the key may do no more'))
    .addHelpText('after', `${rotation}\n${exampleOf('revoke-key sha256:…')}`)
    .action(async (keyId: string, { permission, ...options }: PermissionOptions) => {
      await change(options, revokeKey(keyId, permission), {
        words: `${keyId} may no more: ${permission === undefined ? 'anything' : permissionWords(permission)}`,
        data: { keyId, permissions: permission ?? OPERATOR_PERMISSIONS },
      });
    });

  changing('define-namespace', 'add namespaces that this registry has, for ever')
    .addArgument(new Argument('<namespace...>', 'such as my-company').argParser(collectNamespaces))
    .addHelpText('after', exampleOf('define-namespace my-company'))
    .action(async (namespaces: readonly string[], options: ChangeOptions) => {
      await change(options, defineNamespaces(namespaces), {
        words: `defined: ${namespaces.join(', ')}`,
        data: { namespaces: namespaces.map((namespace) => ({ namespace })) },
      });
    });

  changing('import-namespace', 'add namespaces that other registries have, for ever')
    .addArgument(new Argument('<namespace=registry...>', 'such as wasi=wasi.dev').argParser(collectImports))
    .addHelpText('after', exampleOf('import-namespace wasi=wasi.dev'))
    .action(async (namespaces: readonly ImportedNamespace[], options: ChangeOptions) => {
      const names = namespaces.map(({ namespace, registry }) => `${namespace} from ${registry}`).join(', ');
      await change(options, importNamespaces(namespaces), {
        words: `imported: ${names}`,
        data: { namespaces: namespaces.map(({ namespace, registry }) => ({ namespace, registry })) },
      });
    });
  return operator;

  function changing(name: string, description: string): Command {
    const command = operator.command(name).description(description);
    addOperatorKeyOptions(command, 'file with a key of the operator, which signs the change');
    command.option('--json', 'print a JSON object', false);
    return addAdministrationOptions(command);
  }
}

function exampleOf(change: string): string {
  return examples(`warg-server operator ${change} --operator-key-file operator.key`);
}

const rotation = `
To let a registry go on with another key, without a pause:

  warg-server key new --output new.key
  warg-server operator add-key ecdsa-p256:… --operator-key-file operator.key
  mv new.key operator.key           (keep the old one beside it)
  kill -HUP <process id>            (or restart the servers)
  warg-server operator revoke-key sha256:… --operator-key-file operator.key`;

function permissionOption(description: string): Option {
  return new Option(
    '--permission <names>',
    `${description}: commit, define-namespace, import-namespace; with commas between them`,
  )
    .default(undefined, 'everything')
    .argParser(collectPermissions);
}

/** @throws InvalidArgumentError */
function collectPermissions(
  text: string,
  before: readonly OperatorPermission[] = [],
): readonly OperatorPermission[] {
  const named = text.split(',').map((part) => {
    const name = part.trim().replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const found = OPERATOR_PERMISSIONS.find((permission) => permission === name);
    if (found === undefined) {
      throw new InvalidArgumentError('Expected commit, define-namespace or import-namespace.');
    }
    return found;
  });
  return [...new Set([...before, ...named])];
}

/** @throws InvalidArgumentError that does not repeat what may be a private key */
function readPublicKey(text: string): PublicKey {
  try {
    return parsePublicKey(text);
  } catch {
    throw new InvalidArgumentError(
      'Expected a public key: `ecdsa-p256:` and the base64 of 33 bytes, as `warg-server key new` prints it.',
    );
  }
}

/** @throws InvalidArgumentError */
function readKeyId(text: string): string {
  if (isDigest(text)) return text;
  throw new InvalidArgumentError(
    'Expected a key id: `sha256:` and 64 hex digits, as `warg-server operator show` prints it.',
  );
}
