import { digestOf, generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
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
});
