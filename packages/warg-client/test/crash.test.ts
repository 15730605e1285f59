import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { fileStorage } from '../src/node/file-storage.ts';

const writer = fileURLToPath(new URL('crash-writer.ts', import.meta.url));
const registryName = 'https://registry.example';
let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Lets a writer run until it has printed `commits` numbers, kills it with SIGKILL, and says the last number. */
function writeAndKill(commits: number, delay: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, folder, registryName], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    let seen = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      seen += chunk.toString().split('\n').length - 1;
      if (seen >= commits) setTimeout(() => child.kill('SIGKILL'), delay);
    });
    child.on('error', reject);
    child.on('exit', (_code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself: ${output}`));
      resolve(Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1)));
    });
  });
}

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
