import { equalBytes } from '@warg/crypto';
import type { StorageSnapshot } from '../storage/storage.ts';
import { pinKey, type RegistryState, readRegistryState, registryKey } from './registry-state.ts';

/** Reads a registry's state from storage. */
export interface StateCache {
  /** @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN` | `STORAGE_CONFLICT` */
  read(snapshot: StorageSnapshot): Promise<RegistryState | undefined>;
}

/**
 * Keeps what was read last. The documents are read, and looked at by the storage, each time; they are decoded and their
 * signatures verified only where a byte of them is another.
 */
export function stateCache(): StateCache {
  let kept:
    | { readonly documents: readonly (Uint8Array | undefined)[]; readonly state: RegistryState }
    | undefined;
  const documentsOf = (snapshot: StorageSnapshot) =>
    Promise.all([registryKey, pinKey].map((key) => snapshot.read(key)));
  return {
    async read(snapshot) {
      const documents = await documentsOf(snapshot);
      if (kept?.documents.every((bytes, index) => isSame(bytes, documents[index]))) return kept.state;
      kept = undefined;
      const state = await readRegistryState(snapshot);
      if (state !== undefined) kept = { documents, state };
      return state;
    },
  };
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && equalBytes(a, b);
}
