import { OPERATOR_LOG_ID } from '@warg/protocol';
import { Command } from 'commander';
import { type OperatorLog, readOperatorLog } from '../../operator/operator-state.ts';
import type { RegistryStore } from '../../store/registry-store.ts';
import type { StoredCheckpoint } from '../../store/rows.ts';
import { administer } from '../administration.ts';
import { counted } from '../counted.ts';
import { examples } from '../help.ts';
import type { ProgramHost } from '../host.ts';
import { type AdministrationOptions, addAdministrationOptions } from '../options/store-options.ts';

interface ShowOptions extends AdministrationOptions {
  readonly json: boolean;
}

/** `warg-server operator show`. */
export function showCommand({ stdout }: ProgramHost): Command {
  const command = new Command('show')
    .description(
      'say which keys may sign for the registry, which namespaces it has, and what was signed last',
    )
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', examples('warg-server operator show', 'warg-server operator show --json'));
  return addAdministrationOptions(command).action(async (options: ShowOptions) => {
    const overview = await administer(options, ({ store }) => readOverview(store));
    stdout.write(options.json ? `${JSON.stringify(overview, undefined, 2)}\n` : toText(overview));
  });
}

/** Permissions as the options of these commands name them. */
export function permissionWords(permissions: readonly string[]): string {
  return permissions.map((name) => name.replace('N', '-n')).join(', ');
}

interface Overview {
  /** The record with which the log begins, and the key that signed it: what others know the registry by. */
  readonly first: { readonly recordId: string; readonly keyId: string } | undefined;
  readonly head: string | undefined;
  readonly records: number;
  /** How many records wait to be sequenced. */
  readonly waiting: number;
  readonly checkpoint:
    | { readonly logLength: number; readonly timestamp: string; readonly keyId: string }
    | undefined;
  readonly keys: readonly {
    readonly keyId: string;
    readonly publicKey: string;
    readonly permissions: readonly string[];
    /** Whether it signed the newest checkpoint. */
    readonly signs: boolean;
  }[];
  readonly namespaces: readonly {
    readonly namespace: string;
    readonly state: 'defined' | 'imported';
    readonly registry?: string;
  }[];
}

async function readOverview(store: RegistryStore): Promise<Overview> {
  return store.read(async (reads) => {
    // The checkpoint first: the log that is read then is not behind it.
    const checkpoint = await reads.latestCheckpoint();
    const waiting = await reads.processingOf(OPERATOR_LOG_ID, 1000);
    return overviewOf(await readOperatorLog(reads), waiting.length, checkpoint);
  });
}

function overviewOf(
  { state, length, first }: OperatorLog,
  waiting: number,
  checkpoint: StoredCheckpoint | undefined,
): Overview {
  return {
    first,
    head: state.head?.recordId,
    records: length,
    waiting,
    checkpoint: checkpoint && {
      logLength: checkpoint.logLength,
      timestamp: new Date(checkpoint.timestamp * 1000).toISOString(),
      keyId: checkpoint.keyId,
    },
    keys: [...state.keys].map(([keyId, publicKey]) => ({
      keyId,
      publicKey,
      permissions: [...(state.permissions.get(keyId) ?? [])],
      signs: keyId === checkpoint?.keyId,
    })),
    namespaces: [...state.namespaces].map(([namespace, found]) => ({ namespace, ...found })),
  };
}

function toText({ first, head, records, waiting, checkpoint, keys, namespaces }: Overview): string {
  const lines = [`operator log  ${counted(records, 'record')}, the last one ${head ?? 'none'}`];
  if (first !== undefined) {
    lines.push(`              the first one ${first.recordId}, signed by the key ${first.keyId}`);
  }
  if (waiting > 0) lines.push(`              ${waiting} more wait for a server to publish them`);
  if (checkpoint !== undefined) {
    lines.push(`checkpoint    of ${counted(checkpoint.logLength, 'record')}, signed ${checkpoint.timestamp}`);
  }
  lines.push('', 'keys');
  for (const { keyId, publicKey, permissions, signs } of keys) {
    const may = permissions.length === 0 ? 'revoked' : permissionWords(permissions);
    lines.push(`  ${keyId}  ${may}${signs ? '  (signs now)' : ''}`, `    ${publicKey}`);
  }
  lines.push('', namespaces.length === 0 ? 'no namespaces' : 'namespaces');
  for (const { namespace, registry } of namespaces) {
    lines.push(`  ${namespace}  ${registry === undefined ? 'defined here' : `imported from ${registry}`}`);
  }
  return `${lines.join('\n')}\n`;
}
