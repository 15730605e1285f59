// The operator's key is rotated and revoked on a running registry, and every client goes on: those that had pinned the old
// key, those that trusted it on first use, and those that come later and pin the new one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage, type OpenOptions, WargClient } from '@warg/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type RotatingRegistry,
  rotationSteps,
  startRotatingRegistry,
} from '../../src/rotation/rotating-registry.ts';
import { author, content, text } from './registry.ts';

const work = mkdtempSync(join(tmpdir(), 'warg-rotation-'));
let registry: RotatingRegistry;
beforeAll(async () => {
  registry = await startRotatingRegistry(work);
});
afterAll(async () => {
  await registry.stop();
  rmSync(work, { recursive: true });
});

const open = (options: Partial<OpenOptions> = {}) =>
  WargClient.open({ registry: registry.url, storage: memoryStorage(), signer: author, ...options });

/** Updates, and downloads what was published last. */
async function follow(client: WargClient, patch: number): Promise<void> {
  const found = await client.download('test:hello', `1.0.${patch}`);
  expect(found).toMatchObject({ assurance: 'proved' });
  expect(text(await found.bytes())).toBe(`content ${patch}`);
}

describe('a rotation of the operator key', () => {
  it('is followed by whoever updated before, during or never, with records in between', async () => {
    const { oldKey, newKey } = registry;
    let patch = 0;
    const publisher = await open();
    const publish = async () => {
      patch += 1;
      const entry = {
        type: 'release',
        version: `1.0.${patch}`,
        content: content(`content ${patch}`),
      } as const;
      await publisher.publish({ name: 'test:hello', entries: [entry] }, { init: patch === 1 });
    };
    await publish();

    const before = [await open({ operatorKey: oldKey }), await open()];
    const during = [await open({ operatorKey: oldKey }), await open()];
    for (const client of [...before, ...during]) await follow(client, patch);
    // Nobody vouches for a key that the log does not know.
    await expect((await open({ operatorKey: newKey })).update()).rejects.toMatchObject({
      code: 'OPERATOR_PIN_MISMATCH',
    });

    for (const step of rotationSteps) {
      await registry.take(step);
      await publish();
      for (const client of during) await follow(client, patch);
      for (const operatorKey of [undefined, oldKey]) await follow(await open({ operatorKey }), patch);
      const withNew = await open({ operatorKey: newKey });
      // Being named in the log is not enough: the new key vouches for the registry once it signs.
      if (step === 'add')
        await expect(withNew.update()).rejects.toMatchObject({ code: 'OPERATOR_PIN_MISMATCH' });
      else await follow(withNew, patch);
    }
    for (const client of before) await follow(client, patch);
    // What was pinned before the rotation is not another operator afterwards: the pins of first use stayed.
    const storage = memoryStorage();
    await follow(await open({ storage, operatorKey: newKey }), patch);
    await follow(await open({ storage, operatorKey: oldKey }), patch);
    await follow(await open({ storage }), patch);
  });
});
