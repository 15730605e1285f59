import { basename } from 'node:path';
import { readPart } from './durable-files.ts';
import type { DocumentFile } from './file-manifest.ts';

/** A file of so many bytes is read at once, and remembered for the other documents in it. */
const smallFile = 64 * 1024;

/** `readPart`, with one look at the last file where that is small: an update and a download read all that is in one. */
export function partReader(documents: ReadonlyMap<string, DocumentFile>): typeof readPart {
  let ends: ReadonlyMap<string, number> | undefined;
  let last: { readonly path: string; readonly whole: Promise<Uint8Array | undefined> } | undefined;
  return async (path, offset, size) => {
    ends ??= endsOf(documents);
    const end = ends.get(basename(path)) ?? 0;
    if (end > smallFile) return readPart(path, offset, size);
    if (last?.path !== path) last = { path, whole: readPart(path, 0, end) };
    const whole = await last.whole;
    // A file that ends too early may yet have this part.
    return whole === undefined ? readPart(path, offset, size) : whole.subarray(offset, offset + size);
  };
}

/** Where the last of the documents in each file ends. */
function endsOf(documents: ReadonlyMap<string, DocumentFile>): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const { file, offset, size } of documents.values())
    ends.set(file, Math.max(ends.get(file) ?? 0, offset + size));
  return ends;
}
