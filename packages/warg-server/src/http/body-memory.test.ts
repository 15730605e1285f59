import { paths } from '@warg/protocol/api';
import { describe, expect, it } from 'vitest';
import { base, openRegistry } from '../../test/registry-caller.ts';
import { BodyMemory } from './body-memory.ts';

const kibibyte = 1024;

describe('BodyMemory', () => {
  it('is shared by bodies, each with a part of its own, and given back', () => {
    const memory = new BodyMemory(100);
    const first = memory.open();
    const second = memory.open();
    expect(first.take(64 * kibibyte)).toBe(true);
    expect(first.take(60)).toBe(true);
    expect(second.take(64 * kibibyte + 41)).toBe(false);
    first.close();
    first.close();
    expect(second.take(1)).toBe(true);
    const third = memory.open();
    expect(third.take(64 * kibibyte + 59)).toBe(false);
    second.close();
    expect(third.take(0)).toBe(true);
  });
});

describe('a registry', () => {
  it('refuses large bodies while others take the memory, and reads small ones', async () => {
    const registry = await openRegistry({ maxBodyMemory: 100 * kibibyte });
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isRead: () => void = () => {};
    const read = new Promise<void>((resolve) => {
      isRead = resolve;
    });
    async function* heldBody() {
      yield new Uint8Array(150 * kibibyte).fill(0x20);
      isRead();
      await released;
      yield new TextEncoder().encode('{"packages":[]}');
    }
    const headers = { 'content-type': 'application/json' };
    const held = registry.fetch(new Request(`${base}/${paths.fetchNames()}`, { method: 'POST', headers }), {
      body: heldBody(),
    });
    await read;
    const small = '{"packages":[]}';
    const large = small.padEnd(100 * kibibyte);
    const refused = await registry.call.post(paths.fetchNames(), large);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(refused.json()).toMatchObject({ status: 503 });
    expect((await registry.call.post(paths.fetchNames(), small)).status).toBe(200);
    release();
    expect((await held).status).toBe(200);
    expect((await registry.call.post(paths.fetchNames(), large)).status).toBe(200);
    await registry.close();
  });
});
