import type { ContentCache, ContentDestination } from '../content/content.ts';
import { ClientError } from '../errors.ts';

/**
 * Where a client keeps things: for each registry a set of documents that change together or not at all, and
 * one cache of content for all of them. `memoryStorage()` and `fileStorage(dir)` are such storages.
 */
export interface ClientStorage {
  /** The documents of one registry, by the registry's name as the user wrote it. */
  registry(name: string): RegistryStorage;
  /** The names of all registries that something is stored for. */
  registries(): Promise<readonly string[]>;
  /** Content by digest, shared by all registries. */
  readonly content: ContentCache;
  /** A destination for a path, where the storage knows files. */
  destination?(path: string): ContentDestination;
}

/** The documents of one registry. Keys are made of `a-z`, `0-9`, `-` and `/`; values are opaque bytes. */
export interface RegistryStorage {
  /**
   * The documents as the last commit left them.
   *
   * @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN`
   */
  snapshot(): Promise<StorageSnapshot>;
  /**
   * Replaces documents (bytes) and removes documents (undefined) in one step that happens whole or not at all,
   * whatever crashes meanwhile.
   *
   * @param base the snapshot that the change was made from
   * @throws ClientError `STORAGE_CONFLICT` when another commit came after `base`
   */
  commit(base: StorageSnapshot, changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>;
  /**
   * Runs `work` while no other holder of this lock runs, in this process or another.
   *
   * @throws ClientError `STORAGE_LOCKED` when the lock is not free after a while
   */
  exclusive<T>(work: () => Promise<T>, options: { readonly signal?: AbortSignal | undefined }): Promise<T>;
  /** Removes everything, corrupt or not. */
  reset(): Promise<void>;
}

/** The documents of a registry as of one commit. */
export interface StorageSnapshot {
  /** Counts the commits; 0 where there was none. */
  readonly generation: number;
  /** All keys, or those that begin with `prefix`, sorted. */
  keys(prefix?: string): readonly string[];
  /** @throws ClientError `STORAGE_CORRUPT` */
  read(key: string): Promise<Uint8Array | undefined>;
}

/** What `commit` throws when its base is no longer the latest. */
export function storageConflict(): ClientError {
  return new ClientError(
    'STORAGE_CONFLICT',
    'another process changed the stored state of this registry meanwhile: nothing was written, try again',
  );
}
