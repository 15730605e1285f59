import { hash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { concatBytes } from '@warg/crypto';
import { ClientError } from '../errors.ts';
import { Mutex } from '../storage/mutex.ts';
import { type RegistryStorage, type StorageSnapshot, storageConflict } from '../storage/storage.ts';
import {
  attempt,
  codeOf,
  makeFolder,
  publishExclusively,
  readPart,
  removeFile,
  syncFolder,
  writeDurably,
} from './durable-files.ts';
import { withFileLock } from './file-lock.ts';
import {
  type DocumentFile,
  decodeManifest,
  documentsFileName,
  encodeManifest,
  isDocumentsFileName,
  type Manifest,
  manifestName,
} from './file-manifest.ts';
import { partReader } from './file-parts.ts';

/** Holds the registry's name, so that a folder tells what it is for. */
export const nameFile = 'registry.txt';

/** How many documents a snapshot remembers. */
const remembered = 4;
const anHour = 60 * 60 * 1000;
const mutexes = new Map<string, Mutex>();

/**
 * The documents of one registry in one folder: a file for each commit with the documents that it changed, and a
 * manifest for each commit that lists where the documents that count lie. A commit writes its file under a new name,
 * then creates the next manifest under a name that must not exist yet. So a crash leaves the manifest before or the
 * one after, and of two writers that began from the same manifest one fails.
 *
 * One file, because every file that must be on the disk costs a wait for the disk, and an update may change thousands
 * of documents. A file more than half of which is outdated is given up: what counts of it moves to the next one.
 */
export function fileRegistry(registry: string, folder: string, lockTimeout: number): RegistryStorage {
  const mutex = mutexes.get(folder) ?? new Mutex();
  mutexes.set(folder, mutex);

  async function commit(base: FileSnapshot, changes: ReadonlyMap<string, Uint8Array | undefined>) {
    const { names, manifest: before } = await readLatest(folder);
    if (before?.id !== base.id) throw storageConflict();
    if (names.length === 0) await makeFolder(folder);
    const generation = base.generation + 1;
    const documents = new Map(before?.documents);
    const file = documentsFileName(generation);
    const temporary = join(folder, `.manifest.${randomBytes(6).toString('hex')}.part`);
    let manifest: Manifest;
    try {
      for (const key of changes.keys()) documents.delete(key);
      const parts: Uint8Array[] = [];
      let offset = 0;
      for (const [key, bytes] of [...(await outdatedlyKept(folder, documents)), ...changes]) {
        if (bytes === undefined) continue;
        documents.set(key, { file, offset, size: bytes.byteLength, sha256: sha256Hex(bytes) });
        parts.push(bytes);
        offset += bytes.byteLength;
      }
      const id = randomBytes(8).toString('hex');
      manifest = { registry, generation, id, documents };
      // Both at once, for neither counts before the manifest has its name: that is one wait for the disk, not two.
      const written = await Promise.allSettled([
        parts.length > 0 && writeDurably(join(folder, file), concatBytes(...parts)),
        writeDurably(temporary, encodeManifest(manifest)),
        !names.includes(nameFile) && nameFolder(folder, registry),
      ]);
      for (const result of written) if (result.status === 'rejected') throw result.reason;
      await syncFolder(folder);
      if (!(await publishExclusively(temporary, join(folder, manifestName(generation)))))
        throw storageConflict();
    } catch (error) {
      await removeAll(folder, [file, basename(temporary)]);
      throw error;
    }
    await syncFolder(folder);
    await collectGarbage(folder, names, before === undefined ? [manifest] : [before, manifest]).catch(
      () => {},
    );
  }

  return {
    snapshot: () => attempt(`read ${folder}`, () => takeSnapshot(folder)),
    commit: (base, changes) => attempt(`write to ${folder}`, () => commit(base as FileSnapshot, changes)),
    exclusive: (work, { signal }) =>
      mutex.run(async () => {
        await makeFolder(folder);
        return withFileLock(join(folder, 'lock'), work, { timeout: lockTimeout, signal });
      }, signal),
    async reset() {
      await attempt(`remove ${folder}`, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    },
  };
}

async function nameFolder(folder: string, registry: string): Promise<void> {
  try {
    // Not over what is there, and not through a link.
    await writeFile(join(folder, nameFile), `${registry}\n`, { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

interface FileSnapshot extends StorageSnapshot {
  /** The manifest's id; none before the first commit. */
  readonly id: string | undefined;
}

async function takeSnapshot(folder: string): Promise<FileSnapshot> {
  const { manifest } = await readLatest(folder);
  const documents = manifest?.documents ?? new Map<string, DocumentFile>();
  // An update reads what it will compare with what it would write: nothing else is read twice.
  const lastRead = new Map<string, Uint8Array>();
  const readPart = partReader(documents);
  return {
    generation: manifest?.generation ?? 0,
    id: manifest?.id,
    keys: (prefix = '') => [...documents.keys()].filter((key) => key.startsWith(prefix)).sort(),
    async read(key) {
      const document = documents.get(key);
      if (document === undefined) return undefined;
      let bytes = lastRead.get(key);
      if (bytes === undefined) {
        bytes = await attempt(`read ${folder}`, () =>
          readDocument(folder, key, document, manifest?.id, readPart),
        );
        if (lastRead.size >= remembered) lastRead.delete(lastRead.keys().next().value as string);
        lastRead.set(key, bytes);
      }
      // The caller's own, as if it had been read again.
      return bytes.slice();
    },
  };
}

async function readDocument(
  folder: string,
  key: string,
  document: DocumentFile,
  snapshotId: string | undefined,
  read: typeof readPart = readPart,
): Promise<Uint8Array> {
  const path = join(folder, document.file);
  let bytes: Uint8Array | undefined;
  try {
    bytes = await read(path, document.offset, document.size);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    // Later commits may have removed the file: then it is the snapshot that is old.
    if ((await readLatest(folder)).manifest?.id !== snapshotId) throw storageConflict();
    throw corrupt(path, `the file of ${key} is missing`);
  }
  if (bytes === undefined || sha256Hex(bytes) !== document.sha256) {
    throw corrupt(path, `the file of ${key} is not what was written`);
  }
  return bytes;
}

/** The documents that share a file with more that is outdated than counts, and what they hold. */
async function outdatedlyKept(
  folder: string,
  documents: ReadonlyMap<string, DocumentFile>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, [string, DocumentFile][]>();
  for (const entry of documents) {
    const { file } = entry[1];
    const sharing = files.get(file);
    if (sharing === undefined) files.set(file, [entry]);
    else sharing.push(entry);
  }
  const kept = new Map<string, Uint8Array>();
  for (const [file, entries] of files) {
    const counts = entries.reduce((sum, [, { size }]) => sum + size, 0);
    const whole = await stat(join(folder, file)).catch(() => undefined);
    if (whole === undefined || 2 * counts >= whole.size) continue;
    for (const [key, document] of entries) {
      // What is damaged stays where it is: whoever reads it is told.
      const bytes = await readDocument(folder, key, document, undefined).catch(() => undefined);
      if (bytes !== undefined) kept.set(key, bytes);
    }
  }
  return kept;
}

/** The latest manifest, if there is one, and what was in the folder then: nothing where there is none. */
async function readLatest(
  folder: string,
): Promise<{ readonly names: readonly string[]; readonly manifest: Manifest | undefined }> {
  // A commit that happens meanwhile removes old manifests: look again then.
  for (let attempts = 0; ; attempts++) {
    const names = await namesIn(folder);
    const generation = Math.max(0, ...generationsOf(names));
    if (generation === 0) return { names, manifest: undefined };
    const path = join(folder, manifestName(generation));
    try {
      return { names, manifest: decodeManifest(await readFile(path), generation, path) };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempts >= 10) throw error;
    }
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
}

function generationsOf(names: readonly string[]): readonly number[] {
  return names.flatMap((name) => /^manifest-(\d{12})\.json$/.exec(name)?.[1] ?? []).map(Number);
}

/**
 * Removes what neither the latest manifest nor the one before needs. The one before stays for readers that
 * began before this commit; files of nobody go when they are too old to be a commit that is being made.
 *
 * What has not a name of ours stays whatever it is: the folder may be a link, and lead to somebody's letters.
 *
 * @param names what was in the folder before the latest commit was begun
 */
async function collectGarbage(
  folder: string,
  names: readonly string[],
  kept: readonly Manifest[],
): Promise<void> {
  const needed = new Set([nameFile, 'lock']);
  for (const { generation, documents } of kept) {
    needed.add(manifestName(generation));
    for (const { file } of documents.values()) needed.add(file);
  }
  const garbage = new Set<string>();
  for (const generation of generationsOf(names)) {
    const name = manifestName(generation);
    if (needed.has(name)) continue;
    const path = join(folder, name);
    const files = decodeManifest(await readFile(path), generation, path).documents.values();
    for (const { file } of files) if (!needed.has(file)) garbage.add(file);
    garbage.add(name);
  }
  for (const name of names) {
    if (needed.has(name) || garbage.has(name) || !isOurs(name)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile() === true && Date.now() - found.mtimeMs > anHour) garbage.add(name);
  }
  await removeAll(folder, [...garbage]);
}

/** A document, a manifest, a manifest that was being written, a lock that was being taken away. */
function isOurs(name: string): boolean {
  return (
    isDocumentsFileName(name) ||
    /^(manifest-\d{12}\.json|\.manifest\.[0-9a-f]{12}\.part|lock\.[0-9a-f]{12})$/.test(name)
  );
}

async function removeAll(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await removeFile(join(folder, name)).catch(() => {});
}

function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

function corrupt(path: string, what: string): ClientError {
  return new ClientError(
    'STORAGE_CORRUPT',
    `${what} (${path}): forget what is stored for this registry with \`warg reset\` and fetch it anew`,
    { path },
  );
}
