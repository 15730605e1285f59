// The Rust client while the operator's key of a registry of ours is rotated and revoked: one that was there before, one that
// looks after each step, and a new one at each step; one publishes in between.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, must, type RustPrograms, rustClient } from '@warg-apps/programs';
import { check } from '../checks.ts';
import { rotationSteps, startRotatingRegistry } from './rotating-registry.ts';

const name = 'test:rotated';

export async function followRotation(rust: RustPrograms, work: string): Promise<void> {
  const registry = await startRotatingRegistry(work);
  try {
    const newClient = () => rustClient(rust.warg, registry.url, work);
    const publisher = await newClient();
    let patch = 0;
    const publish = async () => {
      patch += 1;
      await must(publisher.release(name, `1.0.${patch}`, component(work, patch)));
    };
    const download = async (client: Client, who: string) => {
      await must(client.update());
      const to = join(work, `rotated-${who}-${patch}.wasm`);
      await must(client.download(name, to, `1.0.${patch}`));
      if (!readFileSync(to).equals(readFileSync(component(work, patch)))) {
        throw new Error('the file differs from what was published');
      }
    };

    await must(publisher.init(name));
    await publish();
    const before = await newClient();
    const during = await newClient();
    await download(before, 'before');
    await download(during, 'during');
    for (const step of rotationSteps) {
      await registry.take(step);
      const label = `operator key rotated, step ${step}`;
      await check(`${label}: Rust warg publishes`, publish);
      await check(`${label}: Rust warg that looks each time`, () => download(during, 'during'));
      await check(`${label}: new Rust warg`, async () => download(await newClient(), 'new'));
    }
    await check('operator key rotated: Rust warg that last looked before', () => download(before, 'before'));
  } finally {
    await registry.stop();
  }
}

/** A component of its own: empty but for a custom section that says which one it is. */
function component(work: string, number: number): string {
  const file = join(work, `rotated-${number}.wasm`);
  const section = Buffer.concat([Buffer.of(1, 0x61), Buffer.from(`rotated ${number}`)]);
  const header = Buffer.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
  writeFileSync(file, Buffer.concat([header, Buffer.of(0, section.length), section]));
  return file;
}
