import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { digestOf, encodePrivateKey, generatePrivateKey, type PublicKey, publicKeyOf } from '@warg/crypto';
import { expect } from 'vitest';
import { httpReader } from '../http-reader.ts';
import { freePort, PROGRAM, programEnvironment, type ServerProcess, startServer } from '../server-process.ts';
import { verifyRegistry } from '../verify-registry.ts';
import { Publishers, pause } from './publishers.ts';

export interface KillOptions {
  /** How many processes serve the registry, all on the same store. */
  readonly processes?: number;
  /** How often one of them is killed, or stopped for a while and woken up. */
  readonly blows: number;
  /** Makes a new place for records and returns the options of `warg-server` that name it. */
  readonly makeStore: (folder: string) => Promise<readonly string[]>;
  /** How often something is done to the store, and what: spread evenly over the blows. */
  readonly disturb?: { readonly times: number; readonly how: (time: number) => Promise<void> };
  /** The longest that a process runs between two blows, ms. Default 600. */
  readonly longestPause?: number;
  /** The longest that a process is stopped, ms. */
  readonly longestStop: number;
}

/** Milliseconds that it may take: a kill and a start take less than a second where nothing else is going on. */
export function killTimeLimit(blows: number): number {
  return 180_000 + blows * 4_000;
}

/** Publishes to servers that are killed and stopped again and again, and holds them to everything that they acknowledged. */
export async function killUnderLoad(options: KillOptions): Promise<void> {
  const {
    processes = 1,
    blows,
    makeStore,
    longestPause = 600,
    longestStop,
    disturb = { times: 0, how: async () => {} },
  } = options;
  const folder = mkdtempSync(join(tmpdir(), 'warg-kill-'));
  const operatorKey = generatePrivateKey();
  const keyFile = join(folder, 'operator.key');
  writeFileSync(keyFile, encodePrivateKey(operatorKey), { mode: 0o600 });
  const store = await makeStore(folder);
  const ports = await Promise.all(Array.from({ length: processes }, () => freePort()));
  const places = ports.map((port, place) => {
    // A shared database has the records of all of them; what each signed last is noted by each.
    const own = processes > 1 ? ['--data-dir', join(folder, `process${place}`)] : [];
    return () => startServer(port, [...store, ...own, '--operator-key-file', keyFile, '--namespace', 'test']);
  });

  const servers: ServerProcess[] = [];
  for (const start of places) servers.push(await start());
  const publishers = new Publishers(servers.map(({ url }) => url));
  const dealt = { kills: 0, stops: 0, disturbances: 0 };
  try {
    await Promise.all([
      disturbNowAndThen(),
      ...places.map(async (start, place) => {
        while (dealt.kills + dealt.stops < blows) {
          // From at once to a while of full load.
          await pause(Math.random() ** 2 * longestPause);
          if (Math.random() < 0.5) await stopForAWhile(place);
          else await killAndStart(place, start);
        }
      }),
    ]);
    await pause(300);
    // The last time under load as well: nobody comes afterwards who would wake what was left.
    await Promise.all(servers.map((server) => server.kill()));
    await publishers.stop();
    await Promise.all(places.map((start, place) => startAgain(place, start)));
    await requireKept(publishers, servers[0]!.url, publicKeyOf(operatorKey), dealt);
    await requireSound(store);
  } finally {
    await publishers.stop();
    await Promise.all(servers.map((server) => server.kill()));
    rmSync(folder, { recursive: true, force: true });
  }

  async function killAndStart(place: number, start: () => Promise<ServerProcess>): Promise<void> {
    dealt.kills += 1;
    await servers[place]!.kill();
    await startAgain(place, start);
  }

  /** A process that was stopped knows nothing of what the others did meanwhile. */
  async function stopForAWhile(place: number): Promise<void> {
    dealt.stops += 1;
    servers[place]!.signal('SIGSTOP');
    await pause(Math.random() ** 2 * longestStop);
    servers[place]!.signal('SIGCONT');
  }

  /** The database may be away just then, and no server starts without it. */
  async function startAgain(place: number, start: () => Promise<ServerProcess>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        servers[place] = await start();
        return;
      } catch (error) {
        if (disturb.times === 0 || attempt === 20) throw error;
        await pause(250);
      }
    }
  }

  async function disturbNowAndThen(): Promise<void> {
    for (let time = 0; time < disturb.times; time++) {
      const due = ((time + 1) * blows) / (disturb.times + 1);
      while (dealt.kills + dealt.stops < due) await pause(20);
      dealt.disturbances += 1;
      await disturb.how(time);
    }
  }
}

interface Dealt {
  readonly kills: number;
  readonly stops: number;
  readonly disturbances: number;
}

async function requireKept(publishers: Publishers, url: string, operatorKey: PublicKey, dealt: Dealt) {
  const { acknowledged, checkpoints, surprises } = publishers;
  expect(surprises).toEqual([]);
  const states = { published: 0, rejected: 0, sourcing: 0 };
  const expected: string[] = [];
  for (const owed of acknowledged) {
    let status = await publishers.statusOf(owed);
    while (status.state === 'processing') {
      await pause(5);
      status = await publishers.statusOf(owed);
    }
    if (status.state === 'sourcing') {
      // Right only if the upload was never answered.
      expect(owed.hasContent).toBe(false);
      states.sourcing += 1;
      continue;
    }
    expect(status).toMatchObject({ state: owed.becomes });
    states[owed.becomes] += 1;
    if (owed.becomes === 'published') expected.push(`${owed.record.logId}/${owed.record.recordId}`);
  }

  const seen = [...checkpoints.values()];
  const { leaves, checkpoint } = await verifyRegistry(httpReader(url), { operatorKey, seen });
  const found = new Set(leaves);
  expect(found.size).toBe(leaves.length);
  expect(expected.filter((leaf) => !found.has(leaf))).toEqual([]);
  // Signatures for one length differ by their time alone, which verifyRegistry has made sure of; none is from the future.
  for (const { contents } of seen)
    expect(contents.timestamp).toBeLessThanOrEqual(checkpoint.contents.timestamp);

  for (const { content } of acknowledged.filter(
    ({ hasContent, content }) => hasContent && content.length > 0,
  )) {
    const response = await fetch(`${url}/content/${digestOf(content).replace(':', '-')}`);
    expect(response.status).toBe(200);
    expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), content)).toBe(0);
  }
  const blows = `${dealt.kills} kills, ${dealt.stops} stops, ${dealt.disturbances} restarts of the store`;
  const figures = `${acknowledged.length} acknowledged, ${leaves.length} published, ${seen.length} checkpoints seen`;
  console.log(`${blows}: ${figures}`, states);
  // The load was one, even on a machine that is busy with other things.
  expect(states.published).toBeGreaterThan(dealt.kills + dealt.stops);
}

/** `warg-server fsck` finds nothing wrong with what is stored, while the servers run. */
async function requireSound(store: readonly string[]): Promise<void> {
  const options = store.filter((option) => option !== '--database-run-migrations');
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, 'fsck', '--json', ...options], {
    env: programEnvironment({}) as NodeJS.ProcessEnv,
    maxBuffer: 2 ** 26,
  }).catch((error: { stdout?: string; stderr?: string }) => ({
    stdout: error.stdout || `{"failed":${JSON.stringify(error.stderr)}}`,
  }));
  const { count, findings, records, contents, failed } = JSON.parse(stdout);
  expect({ count, findings, failed }).toEqual({ count: 0, findings: [], failed: undefined });
  console.log(`fsck: ${records} records, ${contents} contents, nothing wrong`);
}
