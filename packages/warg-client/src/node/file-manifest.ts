import { hash, randomBytes } from 'node:crypto';
import { ClientError } from '../errors.ts';

/** Where one document lies: a part of a file that it may share with others. */
export interface DocumentFile {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/** What a commit left. */
export interface Manifest {
  readonly registry: string;
  /** Counts commits from 1. */
  readonly generation: number;
  /** Random, so that a commit made after a reset is not taken for the one that had its number before. */
  readonly id: string;
  readonly documents: ReadonlyMap<string, DocumentFile>;
}

const format = 'warg-registry-state-2';
// Had a file for each document, and so no offsets.
const olderFormat = 'warg-registry-state-1';

export function manifestName(generation: number): string {
  return `manifest-${String(generation).padStart(12, '0')}.json`;
}

/** The name of the file for a commit's documents: another one for each commit, even for one that is tried again. */
export function documentsFileName(generation: number): string {
  return `documents.${generation}-${randomBytes(4).toString('hex')}.pack`;
}

/** True for a name that `documentsFileName` makes or once made, which leads nowhere else than into the folder. */
export function isDocumentsFileName(name: unknown): name is string {
  return typeof name === 'string' && /^[\w-]+\.\d+-[0-9a-f]{8}\.(pack|json)$/.test(name);
}

/** One line of JSON, and a line with its SHA-256. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const documents = [...manifest.documents].sort(([a], [b]) => (a < b ? -1 : 1));
  const line = JSON.stringify({
    format,
    registry: manifest.registry,
    generation: manifest.generation,
    id: manifest.id,
    documents: Object.fromEntries(documents),
  });
  return new TextEncoder().encode(`${line}\n${checksum(line)}\n`);
}

/** @throws ClientError `STORAGE_CORRUPT` | `STORAGE_FORMAT_UNKNOWN` */
export function decodeManifest(bytes: Uint8Array, generation: number, path: string): Manifest {
  const [line, sum, rest] = new TextDecoder().decode(bytes).split('\n');
  if (line === undefined || sum !== checksum(line) || rest !== '') throw corrupt(path);
  const value = parseObject(line, path);
  if (value['format'] !== format && value['format'] !== olderFormat) {
    throw new ClientError(
      'STORAGE_FORMAT_UNKNOWN',
      `expected state in the form ${format}, found ${JSON.stringify(value['format'])} in ${path}: use the version of warg that wrote it, or forget it with \`warg reset\``,
      { path },
    );
  }
  const { registry, id } = value;
  if (typeof registry !== 'string' || typeof id !== 'string' || value['generation'] !== generation)
    throw corrupt(path);
  const documents = new Map<string, DocumentFile>();
  // The checksum tells what was damaged, not what somebody made up: names of files above all are looked at.
  for (const [key, document] of Object.entries(objectOf(value['documents'], path))) {
    const { file, offset = 0, size, sha256 } = objectOf(document, path);
    if (!isDocumentsFileName(file) || !isCount(offset) || !isCount(size) || typeof sha256 !== 'string')
      throw corrupt(path);
    documents.set(key, { file, offset, size, sha256 });
  }
  return { registry, generation, id, documents };
}

function parseObject(line: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // The checksum was right, but the text is not ours.
    throw corrupt(path);
  }
  return objectOf(value, path);
}

function objectOf(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw corrupt(path);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function checksum(line: string): string {
  return hash('sha256', line, 'hex');
}

function corrupt(path: string): ClientError {
  return new ClientError(
    'STORAGE_CORRUPT',
    `the list of stored documents is damaged (${path}): forget what is stored for this registry with \`warg reset\` and fetch it anew`,
    { path },
  );
}
