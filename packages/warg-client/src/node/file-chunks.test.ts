import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileChunks } from './file-chunks.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warg-client-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sizes = [0, 1, 1000, 256 * 1024 - 1, 256 * 1024, 1_000_000];

it.each(sizes.flatMap((size) => [size, 0, 10, 500_000].map((said) => [size, said])))(
  'reads all %i bytes of a file that was said to have %i',
  async (size, said) => {
    const path = join(folder, 'file');
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
    await writeFile(path, bytes);
    const chunks: Uint8Array[] = [];
    for await (const chunk of fileChunks(path, said)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  },
);

it.each([10, 500_000])('fails where there is no file of %i bytes', async (size) => {
  const chunks = fileChunks(join(folder, 'none'), size)[Symbol.asyncIterator]();
  await expect(chunks.next()).rejects.toMatchObject({ code: 'ENOENT' });
});
