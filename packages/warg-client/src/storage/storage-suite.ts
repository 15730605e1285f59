import { digestOf, encodeUtf8 } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { hashInto } from '../content/hashing.ts';
import type { ClientStorage } from './storage.ts';

const bytes = (text: string) => encodeUtf8(text);
const name = 'https://registry.example';

/** What every storage must do. */
export function storageSuite(kind: string, make: () => Promise<ClientStorage>): void {
  describe(`${kind}: documents`, () => {
    it('begins empty', async () => {
      const storage = await make();
      const snapshot = await storage.registry(name).snapshot();
      expect(snapshot.generation).toBe(0);
      expect(snapshot.keys()).toEqual([]);
      expect(await snapshot.read('registry')).toBeUndefined();
      expect(await storage.registries()).toEqual([]);
    });

    it('replaces and removes documents in one commit, and keeps registries apart', async () => {
      const storage = await make();
      const registry = storage.registry(name);
      await registry.commit(
        await registry.snapshot(),
        new Map([
          ['registry', bytes('one')],
          ['package/aa', bytes('a')],
          ['package/bb', bytes('b')],
        ]),
      );
      await registry.commit(
        await registry.snapshot(),
        new Map([
          ['registry', bytes('two')],
          ['package/aa', undefined],
        ]),
      );
      const snapshot = await registry.snapshot();
      expect(snapshot.generation).toBe(2);
      expect(snapshot.keys()).toEqual(['package/bb', 'registry']);
      expect(snapshot.keys('package/')).toEqual(['package/bb']);
      expect(await snapshot.read('registry')).toEqual(bytes('two'));
      expect(await snapshot.read('package/aa')).toBeUndefined();
      expect((await storage.registry('https://other.example').snapshot()).keys()).toEqual([]);
      expect(await storage.registries()).toEqual([name]);
    });

    it('lets a snapshot show what it showed, while a later commit is made', async () => {
      const storage = await make();
      const registry = storage.registry(name);
      await registry.commit(await registry.snapshot(), new Map([['a', bytes('old')]]));
      const before = await registry.snapshot();
      await registry.commit(before, new Map([['a', bytes('new')]]));
      expect(await before.read('a')).toEqual(bytes('old'));
    });

    it('refuses a commit whose base is not the latest', async () => {
      const storage = await make();
      const registry = storage.registry(name);
      const base = await registry.snapshot();
      await registry.commit(base, new Map([['a', bytes('first')]]));
      await expect(registry.commit(base, new Map([['a', bytes('second')]]))).rejects.toMatchObject({
        code: 'STORAGE_CONFLICT',
      });
      expect(await (await registry.snapshot()).read('a')).toEqual(bytes('first'));
    });

    it('forgets everything on reset, and begins anew', async () => {
      const storage = await make();
      const registry = storage.registry(name);
      await registry.commit(await registry.snapshot(), new Map([['a', bytes('first')]]));
      const old = await registry.snapshot();
      await registry.reset();
      expect((await registry.snapshot()).keys()).toEqual([]);
      await expect(registry.commit(old, new Map([['a', bytes('x')]]))).rejects.toMatchObject({
        code: 'STORAGE_CONFLICT',
      });
      await registry.commit(await registry.snapshot(), new Map([['b', bytes('second')]]));
      expect((await registry.snapshot()).keys()).toEqual(['b']);
    });

    it('runs exclusive work one after the other, in order', async () => {
      const storage = await make();
      const registry = storage.registry(name);
      const events: string[] = [];
      const work = (id: string) => () =>
        registry.exclusive(
          async () => {
            events.push(`${id} in`);
            await new Promise((resolve) => setImmediate(resolve));
            events.push(`${id} out`);
          },
          { signal: undefined },
        );
      await Promise.all([work('a')(), work('b')(), work('c')()]);
      expect(events).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
    });

    it('stops waiting for the lock when it is told to, and lets the next one in', async () => {
      const registry = (await make()).registry(name);
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const first = registry.exclusive(() => held, { signal: undefined });
      const controller = new AbortController();
      const second = registry.exclusive(async () => 'second', { signal: controller.signal });
      const third = registry.exclusive(async () => 'third', { signal: undefined });
      controller.abort(new Error('enough'));
      await expect(second).rejects.toThrow('enough');
      release();
      await first;
      expect(await third).toBe('third');
    });
  });

  describe(`${kind}: content`, () => {
    it('keeps what was committed, and nothing of what was aborted', async () => {
      const { content } = await make();
      const kept = bytes('kept');
      const sink = await content.open();
      await sink.write(kept.slice(0, 2));
      await sink.write(kept.slice(2));
      await sink.commit(digestOf(kept));
      const dropped = await content.open();
      await dropped.write(bytes('dropped'));
      await dropped.abort();
      const found = await content.get(digestOf(kept));
      expect(found?.size).toBe(4);
      expect(await hashInto(found!.open() as AsyncIterable<Uint8Array>, undefined)).toEqual({
        digest: digestOf(kept),
        size: 4,
      });
      expect(await content.get(digestOf(bytes('dropped')))).toBeUndefined();
      expect(await content.clear()).toEqual({ count: 1, bytes: 4 });
      expect(await content.get(digestOf(kept))).toBeUndefined();
    });

    it('keeps empty content, and replaces content that is there', async () => {
      const { content } = await make();
      for (let i = 0; i < 2; i++) await (await content.open()).commit(digestOf());
      expect((await content.get(digestOf()))?.size).toBe(0);
      await content.delete(digestOf());
      expect(await content.get(digestOf())).toBeUndefined();
    });
  });
}
