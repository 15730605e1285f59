import { stat } from 'node:fs/promises';
import type { OpenableContent } from '../content/content.ts';
import { ClientError } from '../errors.ts';
import { fileChunks } from './file-chunks.ts';

/**
 * A file as content to publish. It is read as a stream, once to hash it and once to send it.
 *
 * @throws ClientError `CONTENT_MISSING` where there is no such file
 *
 * @example
 * await client.publish({
 *   name: 'example:hello',
 *   entries: [{ type: 'release', version: '1.0.0', content: await fileContent('hello.wasm') }],
 * });
 */
export async function fileContent(path: string): Promise<OpenableContent & { readonly size: number }> {
  const size = await sizeOf(path);
  return { size, open: () => fileChunks(path, size) };
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (cause) {
    throw new ClientError(
      'CONTENT_MISSING',
      `expected a file at ${path}, found none that can be read`,
      { path },
      { cause },
    );
  }
  throw new ClientError('CONTENT_MISSING', `expected a file at ${path}, found something else`, { path });
}
