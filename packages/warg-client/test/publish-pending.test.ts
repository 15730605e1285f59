import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { fileStorage } from '../src/node/file-storage.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { meddling, release, submission } from './registry/publishing.ts';
import { json, serve } from './registry/serve.ts';
import { hello, openClient } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

describe('pending publishes', () => {
  it('gather entries over several processes and become one record', async () => {
    const registry = await testRegistry();
    const storage = memoryStorage();
    const open = () => openClient(serve(registry), { storage });
    await (await open()).pending.start('test:hello');
    await expect((await open()).pending.start('test:hello')).rejects.toMatchObject({
      code: 'PENDING_EXISTS',
    });
    await (await open()).pending.add('test:hello', [release('1.0.0')]);
    const friend = publicKeyOf(generatePrivateKey());
    await (await open()).pending.add('test:hello', [
      release('1.1.0', new Blob(['more'])),
      { type: 'grant', key: friend, permissions: ['release'] },
      { type: 'yank', version: '1.0.0' },
      { type: 'revoke', keyId: keyIdOf(friend), permissions: ['release'] },
    ]);
    await (await open()).pending.start('test:other');
    const list = await (await open()).pending.list();
    expect(list.map(({ name, entries }) => [name, entries.length])).toEqual([
      ['test:hello', 5],
      ['test:other', 0],
    ]);
    expect(list[0]?.entries[0]).toEqual({
      type: 'release',
      version: '1.0.0',
      content: digestOf(hello),
      size: 12,
    });
    const { record, package: found } = await (await open()).pending.submit('test:hello', { init: true });
    expect(record.entries.map(({ type }) => type)).toEqual([
      'init',
      'release',
      'release',
      'grantFlat',
      'yank',
      'revokeFlat',
    ]);
    expect(found?.releases).toHaveLength(2);
    expect(await (await open()).pending.get('test:hello')).toBeUndefined();
    await expect((await open()).pending.submit('test:other')).rejects.toMatchObject({
      code: 'NOTHING_TO_PUBLISH',
    });
    await (await open()).pending.abort('test:other');
    expect(await (await open()).pending.list()).toEqual([]);
    for (const action of ['abort', 'submit'] as const) {
      await expect((await open()).pending[action]('test:other')).rejects.toMatchObject({
        code: 'PENDING_MISSING',
      });
    }
    await expect((await open()).pending.add('test:other', [release('1.0.0')])).rejects.toMatchObject({
      code: 'PENDING_MISSING',
    });
  });

  it('stay when the registry refuses them', async () => {
    const client = await openClient(
      meddling(serve(await testRegistry()), submission, async () =>
        json(422, '{"status":422,"message":"no"}'),
      ),
    );
    await client.pending.start('test:hello');
    await client.pending.add('test:hello', [release('1.0.0')]);
    await expect(client.pending.submit('test:hello', { init: true })).rejects.toMatchObject({
      code: 'PUBLISH_REFUSED',
    });
    expect((await client.pending.get('test:hello'))?.entries).toHaveLength(1);
  });

  describe.each(['memory', 'file'] as const)('in a %s storage', (kind) => {
    const folders: string[] = [];
    afterAll(async () => {
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    });
    const newStorage = async () => {
      if (kind === 'memory') return memoryStorage();
      const folder = await mkdtemp(join(tmpdir(), 'warg-pending-'));
      folders.push(folder);
      return fileStorage(folder);
    };
    const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0'];

    it('keep what several add at once, and are started by one of them', async () => {
      const storage = await newStorage();
      const registry = await testRegistry();
      const open = () => openClient(serve(registry), { storage });
      const clients = await Promise.all(versions.map(open));
      const starts = await Promise.allSettled(clients.map(({ pending }) => pending.start('test:hello')));
      expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const start of starts)
        if (start.status === 'rejected') expect(start.reason).toMatchObject({ code: 'PENDING_EXISTS' });

      await Promise.all(
        versions.map((version, index) => clients[index]!.pending.add('test:hello', [release(version)])),
      );
      const entries = (await clients[0]!.pending.get('test:hello'))?.entries ?? [];
      expect(entries.map((entry) => entry.type === 'release' && entry.version).sort()).toEqual(versions);
      const aborts = await Promise.allSettled(clients.map(({ pending }) => pending.abort('test:hello')));
      expect(aborts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('keep what is added, or begun anew, while they are submitted', async () => {
      const storage = await newStorage();
      const registry = await testRegistry();
      let meanwhile = async () => {};
      const client = await openClient(
        meddling(serve(registry), submission, async (pass) => {
          await meanwhile();
          return pass();
        }),
        { storage },
      );
      const other = await openClient(serve(registry), { storage });
      await client.pending.start('test:hello');
      await client.pending.add('test:hello', [release('1.0.0')]);
      meanwhile = async () => void (await other.pending.add('test:hello', [release('1.1.0')]));
      await client.pending.submit('test:hello', { init: true });
      expect((await client.pending.get('test:hello'))?.entries).toMatchObject([{ version: '1.1.0' }]);

      meanwhile = async () => {
        await other.pending.abort('test:hello');
        await other.pending.start('test:hello');
        await other.pending.add('test:hello', [release('1.2.0')]);
      };
      await client.pending.submit('test:hello');
      expect((await client.pending.get('test:hello'))?.entries).toMatchObject([{ version: '1.2.0' }]);

      meanwhile = async () => {};
      const { package: found } = await client.pending.submit('test:hello');
      expect(found?.releases.map(({ version }) => version)).toEqual(['1.0.0', '1.1.0', '1.2.0']);
      expect(await client.pending.list()).toEqual([]);
    });
  });
});
