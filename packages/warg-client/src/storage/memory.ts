import type { Digest } from '@warg/crypto';
import { concatBytes } from '@warg/crypto';
import type { ContentCache } from '../content/content.ts';
import { Mutex } from './mutex.ts';
import type { ClientStorage, RegistryStorage, StorageSnapshot } from './storage.ts';
import { storageConflict } from './storage.ts';

/** Options of `memoryStorage`. */
export interface MemoryStorageOptions {
  /** How many bytes of content are kept; the content used longest ago goes first. 256 MiB by default. */
  readonly contentBytes?: number;
}

/**
 * A storage that lasts as long as the process.
 *
 * @example
 * const client = await WargClient.open({ registry: 'registry.example', storage: memoryStorage() });
 */
export function memoryStorage(options: MemoryStorageOptions = {}): ClientStorage {
  const registries = new Map<string, RegistryStorage & { readonly empty: () => boolean }>();
  return {
    registry(name) {
      let registry = registries.get(name);
      if (registry === undefined) {
        registry = memoryRegistry();
        registries.set(name, registry);
      }
      return registry;
    },
    async registries() {
      return [...registries].filter(([, registry]) => !registry.empty()).map(([name]) => name);
    },
    content: memoryContent(options.contentBytes ?? 256 * 1024 * 1024),
  };
}

function memoryRegistry(): RegistryStorage & { readonly empty: () => boolean } {
  const mutex = new Mutex();
  let generation = 0;
  let documents: ReadonlyMap<string, Uint8Array> = new Map();
  return {
    empty: () => documents.size === 0,
    async snapshot() {
      return memorySnapshot(generation, documents);
    },
    async commit(base, changes) {
      if (base.generation !== generation) throw storageConflict();
      const next = new Map(documents);
      for (const [key, bytes] of changes) {
        if (bytes === undefined) next.delete(key);
        else next.set(key, bytes.slice());
      }
      documents = next;
      generation++;
    },
    exclusive: (work, { signal }) => mutex.run(work, signal),
    async reset() {
      documents = new Map();
      generation++;
    },
  };
}

function memorySnapshot(generation: number, documents: ReadonlyMap<string, Uint8Array>): StorageSnapshot {
  return {
    generation,
    keys: (prefix = '') => [...documents.keys()].filter((key) => key.startsWith(prefix)).sort(),
    read: async (key) => documents.get(key)?.slice(),
  };
}

function memoryContent(capacity: number): ContentCache {
  // A Map keeps the order of insertion: the first is the one used longest ago.
  const contents = new Map<Digest, Uint8Array>();
  let total = 0;
  const remove = (digest: Digest) => {
    total -= contents.get(digest)?.byteLength ?? 0;
    contents.delete(digest);
  };
  return {
    async get(digest) {
      const bytes = contents.get(digest);
      if (bytes === undefined) return undefined;
      contents.delete(digest);
      contents.set(digest, bytes);
      return { size: bytes.byteLength, open: () => once(bytes) };
    },
    async open() {
      let chunks: Uint8Array[] = [];
      return {
        async write(chunk) {
          chunks.push(chunk.slice());
        },
        async commit(digest) {
          const bytes = concatBytes(...chunks);
          chunks = [];
          remove(digest);
          contents.set(digest, bytes);
          total += bytes.byteLength;
          for (const other of contents.keys()) {
            if (total <= capacity || other === digest) break;
            remove(other);
          }
          return undefined;
        },
        async abort() {
          chunks = [];
        },
      };
    },
    async delete(digest) {
      remove(digest);
    },
    async clear() {
      const cleared = { count: contents.size, bytes: total };
      contents.clear();
      total = 0;
      return cleared;
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
