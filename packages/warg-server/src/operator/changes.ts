import { keyIdOf, type PublicKey } from '@warg/crypto';
import {
  maySignCheckpoints,
  type OperatorEntry,
  type OperatorPermission,
  type OperatorState,
} from '@warg/protocol';
import { operatorKeyInUse, RegistryError } from '../registry/errors.ts';

/** A change of the operator log: what is appended, given what stands there. */
export interface OperatorChange {
  /** How the audit log calls it. */
  readonly action: string;
  /**
   * @param signer the id of the key with which the registry signs its checkpoints now
   * @throws RegistryError `OPERATOR_RECORD_REFUSED` | `OPERATOR_KEY_IN_USE` if it makes no sense or would end the registry
   */
  readonly entries: (state: OperatorState, signer: string | undefined) => readonly OperatorEntry[];
}

/** Lets a further key act for the operator. */
export function addKey(key: PublicKey, permissions: readonly OperatorPermission[]): OperatorChange {
  return {
    action: 'operator.add-key',
    entries: (state) => {
      const held = state.permissions.get(keyIdOf(key));
      const lacking = permissions.filter((permission) => held?.has(permission) !== true);
      if (lacking.length > 0) return [{ type: 'grantFlat', key, permissions: lacking }];
      throw refused(`the key ${keyIdOf(key)} has these permissions already`);
    },
  };
}

/**
 * Takes permissions from a key.
 *
 * @param permissions undefined for all that it has
 */
export function revokeKey(keyId: string, permissions?: readonly OperatorPermission[]): OperatorChange {
  return {
    action: 'operator.revoke-key',
    entries: (state, signer) => {
      const held = state.permissions.get(keyId);
      if (held === undefined) throw refused(`the operator log knows no key ${keyId}`);
      if (held.size === 0) throw refused(`the key ${keyId} has no permission left to revoke`);
      const taken = permissions ?? [...held];
      const lacking = taken.find((permission) => !held.has(permission));
      if (lacking !== undefined) throw refused(`the key ${keyId} has no permission ${lacking} to revoke`);
      if (taken.includes('commit')) requireAnotherSigner(state, keyId, signer);
      return [{ type: 'revokeFlat', keyId, permissions: taken }];
    },
  };
}

export function defineNamespaces(namespaces: readonly string[]): OperatorChange {
  return addNamespaces(
    'operator.define-namespace',
    namespaces.map((namespace) => ({ type: 'defineNamespace', namespace })),
  );
}

export function importNamespaces(
  namespaces: readonly { readonly namespace: string; readonly registry: string }[],
): OperatorChange {
  return addNamespaces(
    'operator.import-namespace',
    namespaces.map(({ namespace, registry }) => ({ type: 'importNamespace', namespace, registry })),
  );
}

type NamespaceEntry = Extract<OperatorEntry, { readonly namespace: string }>;

function addNamespaces(action: string, entries: readonly NamespaceEntry[]): OperatorChange {
  return {
    action,
    entries: ({ namespaces }) => {
      for (const { namespace } of entries) {
        const found = namespaces.get(namespace);
        if (found === undefined) continue;
        const where = found.state === 'defined' ? 'defined here' : `imported from ${found.registry}`;
        throw refused(`the operator log says for ever that the namespace ${namespace} is ${where}`);
      }
      return entries;
    },
  };
}

function requireAnotherSigner(state: OperatorState, keyId: string, signer: string | undefined): void {
  const others = [...state.permissions.keys()].filter((id) => id !== keyId && maySignCheckpoints(state, id));
  if (others.length === 0) {
    throw refused(
      `the key ${keyId} is the last one that may sign checkpoints: without it the registry could never change again. ` +
        'Add another key with the permission `commit` first, and let the servers sign with that',
    );
  }
  if (keyId === signer) throw operatorKeyInUse(keyId);
}

function refused(message: string): RegistryError {
  return new RegistryError('OPERATOR_RECORD_REFUSED', message);
}
