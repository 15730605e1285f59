import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileStorage } from '../src/node/file-storage.ts';
import type { ClientStorage } from '../src/storage/storage.ts';
import { serve } from './registry/serve.ts';
import { author, hello, openClient } from './registry/setup.ts';
import { forkAt, testRegistry } from './registry/test-registry.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A client that has seen a package and a lie, and its files. */
async function lied(wrap: (storage: ClientStorage) => ClientStorage = (storage) => storage) {
  const folder = await mkdtemp(join(tmpdir(), 'warg-client-'));
  folders.push(folder);
  const registry = await testRegistry();
  await registry.release('test:hello', '1.0.0', hello, author);
  let served = serve(registry);
  const client = await openClient((input, init) => served(input, init), {
    storage: wrap(fileStorage(folder)),
  });
  await client.update(['test:hello']);
  const fork = await forkAt(registry, 1);
  await fork.release('test:other', '1.0.0', hello, author);
  served = serve(fork);
  await expect(client.update()).rejects.toMatchObject({ code: 'CHECKPOINT_CONTRADICTS' });
  served = serve(registry);
  const [place] = await readdir(join(folder, 'registries'));
  /** Damages the list of documents, or the document with such a key. */
  const damage = async (what: 'manifest' | 'evidence/' | 'pin') => {
    const within = join(folder, 'registries', place!);
    const manifest = (await readdir(within)).filter((name) => name.startsWith('manifest-')).at(-1)!;
    if (what === 'manifest') return writeFile(join(within, manifest), 'damaged');
    const [line] = (await readFile(join(within, manifest), 'utf8')).split('\n');
    const { documents } = JSON.parse(line!) as {
      documents: Record<string, { file: string; offset: number }>;
    };
    const [, { file, offset }] = Object.entries(documents).find(([key]) => key.startsWith(what))!;
    const bytes = await readFile(join(within, file));
    bytes.write('damaged', offset);
    return writeFile(join(within, file), bytes);
  };
  const files = () => readdir(join(folder, 'registries', place!));
  return { client, damage, files };
}

describe('reset', () => {
  it('keeps evidence, and the operator where that is wanted', async () => {
    const { client } = await lied();
    await client.reset({ keepOperator: true });
    expect(await client.evidence()).toHaveLength(1);
    expect(await client.update()).toMatchObject({ firstUse: false, packages: [] });
    await client.reset();
    expect(await client.evidence()).toHaveLength(1);
    expect(await client.update()).toMatchObject({ firstUse: true });
  });

  it('keeps the operator where evidence is damaged', async () => {
    const { client, damage } = await lied();
    await damage('evidence/');
    const { evidenceKept, evidenceLost } = await client.reset({ keepOperator: true });
    expect(evidenceKept).toEqual([]);
    expect(evidenceLost).toHaveLength(1);
    expect(await client.evidence()).toEqual([]);
    expect(await client.update()).toMatchObject({ firstUse: false });
  });

  it.each(['manifest', 'pin'] as const)('does not forget whom to trust by the way: %s', async (what) => {
    const { client, damage } = await lied();
    await damage(what);
    await expect(client.reset({ keepOperator: true })).rejects.toMatchObject({
      code: 'STORAGE_CORRUPT',
      message: expect.stringContaining('whom to trust') as string,
    });
    const { evidenceKept, evidenceLost } = await client.reset();
    expect(evidenceKept).toHaveLength(what === 'pin' ? 1 : 0);
    expect(evidenceLost).toEqual(what === 'pin' ? [] : undefined);
    expect(await client.evidence()).toHaveLength(what === 'pin' ? 1 : 0);
    expect(await client.update()).toMatchObject({ firstUse: true });
  });

  it.each(['the operator', 'nobody'])(
    'keeps evidence and %s though it is stopped after any step',
    async (whom) => {
      const keepOperator = whom === 'the operator';
      for (let steps = 0; ; steps++) {
        let left = Number.POSITIVE_INFINITY;
        const stops = (storage: ClientStorage): ClientStorage => ({
          ...storage,
          registry(name) {
            const documents = storage.registry(name);
            const step = async (work: () => Promise<void>) => {
              if (left-- <= 0) throw new Error('stopped');
              await work();
            };
            return {
              ...documents,
              commit: (base, changes) => step(() => documents.commit(base, changes)),
              reset: () => step(() => documents.reset()),
            };
          },
        });
        const { client, files } = await lied(stops);
        left = steps;
        const outcome = await client.reset({ keepOperator }).catch((error: Error) => error.message);
        left = Number.POSITIVE_INFINITY;
        expect(await client.evidence()).toHaveLength(1);
        // Whom to trust is forgotten with all else, or not at all.
        const isDone = (await client.packages({ refresh: false })).length === 0;
        expect(await client.update()).toMatchObject({ firstUse: isDone && !keepOperator });
        if (outcome === 'stopped') continue;
        expect(outcome).toMatchObject({ evidenceKept: [expect.any(String)], evidenceLost: [] });
        expect(isDone).toBe(true);
        expect((await files()).filter((name) => name.startsWith('manifest-')).length).toBeLessThanOrEqual(2);
        expect(steps).toBeGreaterThan(0);
        break;
      }
    },
  );

  it('leaves nothing where nothing is to be kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warg-client-'));
    folders.push(folder);
    const registry = await testRegistry();
    await registry.release('test:hello', '1.0.0', hello, author);
    const storage = fileStorage(folder);
    const client = await openClient(serve(registry), { storage });
    await client.update(['test:hello']);
    expect(await client.reset()).toEqual({ evidenceKept: [], evidenceLost: [] });
    expect(await storage.registries()).toEqual([]);
  });
});
