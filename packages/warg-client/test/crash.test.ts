import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { WargClient } from '../src/client.ts';
import { fileStorage } from '../src/node/file-storage.ts';
import { closeAll, listen } from './registry/listen.ts';
import { serve } from './registry/serve.ts';
import { author, hello } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

const writer = fileURLToPath(new URL('crash-writer.ts', import.meta.url));
const updater = fileURLToPath(new URL('crash-client.ts', import.meta.url));
const registryName = 'https://registry.example';
let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Lets a program run until it has printed some numbers, kills it with SIGKILL, and says the last number. */
function runAndKill(program: readonly string[], numbers: number, delay: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    let seen = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      seen += chunk.toString().split('\n').length - 1;
      if (seen >= numbers) setTimeout(() => child.kill('SIGKILL'), delay);
    });
    child.on('error', reject);
    child.on('exit', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself: ${output}`));
      resolve(Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1)));
    });
  });
}

const writeAndKill = (commits: number, delay: number) =>
  runAndKill([writer, folder, registryName], commits, delay);

describe('file storage under kill -9', () => {
  it('holds one whole commit after every kill, never older than the last that was acknowledged', async () => {
    folder = await mkdtemp(join(tmpdir(), 'warg-crash-'));
    const registry = fileStorage(folder).registry(registryName);
    let previous = 0;
    for (let round = 0; round < 25; round++) {
      // Between 0 and 12 ms after a commit was acknowledged: somewhere inside the next one.
      const acknowledged = await writeAndKill(1 + (round % 3), (round * 7) % 13);
      const snapshot = await registry.snapshot();
      const values = await Promise.all(
        snapshot.keys().map(async (key) => Number(new TextDecoder().decode(await snapshot.read(key)))),
      );
      expect(values).toHaveLength(4);
      expect(new Set(values).size).toBe(1);
      expect(values[0]).toBeGreaterThanOrEqual(acknowledged);
      expect(values[0]).toBe(snapshot.generation);
      expect(acknowledged).toBeGreaterThan(previous);
      previous = values[0]!;
    }
  });

  it('loses nothing when two processes write at once and both are killed', async () => {
    folder = await mkdtemp(join(tmpdir(), 'warg-crash-'));
    const registry = fileStorage(folder).registry(registryName);
    const acknowledged = await Promise.all([writeAndKill(10, 3), writeAndKill(10, 5)]);
    const snapshot = await registry.snapshot();
    expect(snapshot.generation).toBeGreaterThanOrEqual(Math.max(...acknowledged));
    expect(Number(new TextDecoder().decode(await snapshot.read('package/2')))).toBe(snapshot.generation);
  });
});

describe('a client under kill -9', () => {
  afterEach(closeAll);

  it('holds one verified state after every kill, and goes on from it', async () => {
    folder = await mkdtemp(join(tmpdir(), 'warg-crash-'));
    const registry = await testRegistry();
    const names = ['test:a', 'test:b', 'test:c'];
    let release = 0;
    const grow = async () => {
      release++;
      for (const name of names) await registry.release(name, `1.${release}.0`, hello, author);
    };
    await grow();
    const honest = serve(registry);
    const server = await listen(async (input, init) => {
      // Every checkpoint that is asked for has something new.
      if (new URL((input as Request).url).pathname.endsWith('/checkpoint')) await grow();
      return honest(input, init);
    });
    let previous = 0;
    for (let round = 0; round < 12; round++) {
      const length = await runAndKill(
        [updater, folder, server.url, ...names],
        1 + (round % 2),
        (round * 5) % 17,
      );
      const open = (offline: boolean) =>
        WargClient.open({ registry: server.url, storage: fileStorage(folder), offline });
      const stored = await (await open(true)).packages();
      expect(stored.map(({ name }) => name)).toEqual(names);
      // All of one checkpoint, with all its records, and not older than what was acknowledged.
      const [checkpoint] = stored.map((info) => info.checkpoint);
      for (const info of stored) {
        expect(info.checkpoint).toEqual(checkpoint);
        expect(info.records).toBe((checkpoint!.contents.logLength - 1) / 3);
      }
      expect(checkpoint!.contents.logLength).toBeGreaterThanOrEqual(length);
      expect(length).toBeGreaterThan(previous);
      const updated = await (await open(false)).update();
      expect(updated.previous).toEqual(checkpoint);
      previous = updated.checkpoint.contents.logLength;
    }
  });
});
