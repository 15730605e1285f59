import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientStorage } from '../storage/storage.ts';
import { attempt, codeOf } from './durable-files.ts';
import { fileCache } from './file-cache.ts';
import { fileDestination } from './file-destination.ts';
import { fileRegistry, nameFile } from './file-registry.ts';

/** Where a file storage keeps what. */
export interface FileStorageOptions {
  /** The folder for the registries' verified state. */
  readonly registries: string;
  /** The folder for content. */
  readonly content: string;
  /** How long to wait for another process that is writing, in milliseconds. 60,000 by default. */
  readonly lockTimeout?: number | undefined;
}

/**
 * A storage in files. Given one folder, state lies in its `registries` and content in its `content`.
 *
 * What is written for a registry appears whole or not at all, whatever happens: new files are brought to the
 * disk first, then one file that lists them is given its name. Processes may share the folder.
 *
 * @example
 * const client = await WargClient.open({ registry: 'registry.example', storage: fileStorage('.warg') });
 */
export function fileStorage(place: string | FileStorageOptions): ClientStorage {
  const options: FileStorageOptions =
    typeof place === 'string'
      ? { registries: join(place, 'registries'), content: join(place, 'content') }
      : place;
  return {
    registry: (name) =>
      fileRegistry(name, join(options.registries, folderName(name)), options.lockTimeout ?? 60_000),
    registries: () => registryNames(options.registries),
    content: fileCache(options.content),
    destination: (path) => fileDestination(path),
  };
}

/** Readable, safe on every file system, and never the same for two registries. */
function folderName(registry: string): string {
  const readable = registry
    .replace(/^[a-z]+:\/\//, '')
    .replace(/[^a-zA-Z0-9.]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 60);
  return `${readable}-${hash('sha256', registry, 'hex').slice(0, 12)}`;
}

async function registryNames(folder: string): Promise<readonly string[]> {
  const entries = await attempt(`read ${folder}`, async () => {
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
  const names: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const name = await readFile(join(folder, entry.name, nameFile), 'utf8').catch(() => undefined);
    // A folder of another program, the reference's for one, has no such file.
    if (name !== undefined && folderName(name.trim()) === entry.name) names.push(name.trim());
  }
  return names.sort();
}
