import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

const chunkSize = 256 * 1024;

/**
 * A file's bytes from the beginning.
 *
 * @param size in bytes, as it was found; where that is little the file is read in one step, without what a stream takes
 */
export function fileChunks(path: string, size: number): AsyncIterable<Uint8Array> {
  return size < chunkSize
    ? smallFileChunks(path, size)
    : createReadStream(path, { highWaterMark: chunkSize });
}

async function* smallFileChunks(path: string, size: number): AsyncGenerator<Uint8Array, void> {
  const file = await open(path, 'r');
  try {
    // One byte more tells that the file ended.
    const room = size + 1;
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(room), 0, room, null);
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      if (bytesRead < room) return;
    }
  } finally {
    await file.close();
  }
}
