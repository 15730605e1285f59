import { readFile, rm } from 'node:fs/promises';
import { CliError } from '../errors.ts';
import { fileAccessError, isNotFound } from '../files/atomic-file.ts';

/** Which registry has which namespace, as the reference keeps it. */
export type NamespaceMap = Readonly<Record<string, string>>;

/**
 * Reads the map of namespaces to registries; an empty one where there is none.
 *
 * @throws CliError `FILE_ACCESS` if the file is none
 */
export async function readNamespaceMap(path: string): Promise<NamespaceMap> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return {};
    throw fileAccessError('read', path, error);
  }
  let map: unknown;
  try {
    map = JSON.parse(text);
  } catch (error) {
    throw new CliError('FILE_ACCESS', `the namespace map ${path} is not JSON`, { cause: error });
  }
  if (
    typeof map !== 'object' ||
    map === null ||
    Array.isArray(map) ||
    !Object.values(map).every((value) => typeof value === 'string')
  ) {
    throw new CliError('FILE_ACCESS', `the namespace map ${path} is not an object of texts`);
  }
  return map as NamespaceMap;
}

/** Removes the map. Its path is from a configuration, so the caller has read it before, and seen that it is one. */
export async function removeNamespaceMap(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw fileAccessError('remove', path, error);
  });
}
