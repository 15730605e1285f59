import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, encodePrivateKey, generatePrivateKey, type PublicKey, publicKeyOf } from '@warg/crypto';
import { decodeSignedCheckpoint, type SignedCheckpoint } from '@warg/protocol';
import {
  decodePackageRecordResponse,
  encodePublishRecordRequest,
  type PackageRecordResponse,
  paths,
} from '@warg/protocol/api';
import { expect } from 'vitest';
import { httpReader } from './http-reader.ts';
import { releaseEntry, type TestRecord, testPackage, yankEntry } from './publisher.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';
import { verifyRegistry } from './verify-registry.ts';

/** How many publishers work at once. */
const PUBLISHERS = 12;
/** Releases of a package before its publisher begins another one. */
const RELEASES = 4;

/** What the registry owes to somebody: it said 202. */
interface Acknowledged {
  readonly record: TestRecord;
  readonly content: Buffer;
  readonly becomes: 'published' | 'rejected';
  /** It said 201 to the content, or that it needs none. */
  hasContent: boolean;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Publishers {
  readonly acknowledged: Acknowledged[] = [];
  readonly checkpoints = new Map<string, SignedCheckpoint>();
  /** Answers that no registry should give, however often it is killed. */
  readonly surprises: string[] = [];
  readonly #url: string;
  readonly #work: Promise<unknown>[];
  #stopped = false;

  constructor(url: string) {
    this.#url = url;
    this.#work = Array.from({ length: PUBLISHERS }, (_, i) => this.#publishPackages(i));
    this.#work.push(this.#watch());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#work);
  }

  async #publishPackages(publisher: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const pkg = testPackage(`test:publisher${publisher}-package${i}`);
      await this.#publish(pkg.init(), Buffer.alloc(0));
      for (let release = 0; release < RELEASES && !this.#stopped; release++) {
        // A few, so that a kill meets all sorts of uploads.
        const content = randomBytes(release === 0 ? 300_000 : 2_000);
        const record = pkg.record([releaseEntry(`1.${release}.0`, digestOf(content))]);
        if (!(await this.#publish(record, content))) break;
      }
      // One that the state machine refuses: that it was is owed as well.
      await this.#publish(pkg.record([yankEntry('9.9.9')]), Buffer.alloc(0), 'rejected');
    }
  }

  /** Sends a record until it is acknowledged, then its content. False if there was no time for it. */
  async #publish(
    record: TestRecord,
    content: Buffer,
    becomes: Acknowledged['becomes'] = 'published',
  ): Promise<boolean> {
    const { logId, packageName, envelope } = record;
    const body = encodePublishRecordRequest({ packageName, record: envelope, contentSources: new Map() });
    const answer = await this.#insist(() =>
      fetch(`${this.#url}/${paths.publishRecord(logId)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }),
    );
    if (answer === undefined) return false;
    if (answer.status !== 202) {
      this.surprises.push(`${answer.status} to a record: ${answer.body}`);
      return false;
    }
    const status = decodePackageRecordResponse(answer.body);
    const owed: Acknowledged = { record, content, becomes, hasContent: status.state !== 'sourcing' };
    this.acknowledged.push(owed);
    return owed.hasContent || this.upload(owed);
  }

  async upload(owed: Acknowledged): Promise<boolean> {
    const { record, content } = owed;
    const digest = digestOf(content);
    const answer = await this.#insist(() =>
      fetch(`${this.#url}/${paths.recordContent(record.logId, record.recordId, digest)}`, {
        method: 'POST',
        body: content,
      }),
    );
    if (answer === undefined) return false;
    // 405: the answer to an earlier upload was lost, and the record has gone on.
    if (answer.status !== 201 && answer.status !== 405) {
      this.surprises.push(`${answer.status} to an upload: ${answer.body}`);
      return false;
    }
    owed.hasContent = true;
    return true;
  }

  async statusOf({ record }: Acknowledged): Promise<PackageRecordResponse> {
    const response = await fetch(`${this.#url}/${paths.record(record.logId, record.recordId)}`);
    const body = await response.text();
    if (response.status !== 200)
      throw new Error(`an acknowledged record is answered ${response.status}: ${body}`);
    return decodePackageRecordResponse(body);
  }

  /** Again and again while the server is away. Undefined if the publishers were stopped before there was an answer. */
  async #insist(attempt: () => Promise<Response>): Promise<{ status: number; body: string } | undefined> {
    while (!this.#stopped) {
      try {
        const response = await attempt();
        const body = await response.text();
        // 503: its database is away. Whether it did what it was asked is as unknown as without an answer.
        if (response.status !== 503) return { status: response.status, body };
        await pause(10);
      } catch {
        await pause(5 + Math.random() * 10);
      }
    }
    return undefined;
  }

  /** Collects every checkpoint that can be seen. */
  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const answer = await this.#insist(() => fetch(`${this.#url}/${paths.fetchCheckpoint()}`));
      if (answer?.status === 200) this.checkpoints.set(answer.body, decodeSignedCheckpoint(answer.body));
      await pause(3);
    }
  }
}

export interface KillOptions {
  /** How often the server is killed. */
  readonly kills: number;
  /** Makes a new place for records and returns the options of `warg-server` that name it. */
  readonly makeStore: (folder: string) => Promise<readonly string[]>;
  /** Does something else to it now and then; told how many kills there were. */
  readonly disturb?: (kills: number) => Promise<void>;
}

/** Milliseconds that it may take: a kill and a start take less than a second where nothing else is going on. */
export function killTimeLimit(kills: number): number {
  return 120_000 + kills * 3_000;
}

/** Publishes to a server that is killed again and again, and holds it to everything that it acknowledged. */
export async function killUnderLoad({ kills, makeStore, disturb }: KillOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'warg-kill-'));
  const operatorKey = generatePrivateKey();
  const keyFile = join(folder, 'operator.key');
  writeFileSync(keyFile, encodePrivateKey(operatorKey), { mode: 0o600 });
  const store = await makeStore(folder);
  const port = await freePort();
  const start = () => startServer(port, [...store, '--operator-key-file', keyFile, '--namespace', 'test']);

  let server: ServerProcess = await start();
  const publishers = new Publishers(server.url);
  try {
    for (let kill = 0; kill < kills; kill++) {
      // From at once to a while of full load.
      await pause(Math.random() ** 2 * 600);
      await disturb?.(kill);
      await server.kill();
      server = await start();
    }
    await pause(300);
    // The last one under load as well: nobody comes afterwards who would wake what was left.
    await server.kill();
    await publishers.stop();
    server = await start();
    await requireKept(publishers, server.url, publicKeyOf(operatorKey), kills);
  } finally {
    await publishers.stop();
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function requireKept(publishers: Publishers, url: string, operatorKey: PublicKey, kills: number) {
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
  const figures = `${acknowledged.length} acknowledged, ${leaves.length} published, ${seen.length} checkpoints seen`;
  console.log(`${kills} kills: ${figures}`, states);
  // The load was one.
  expect(states.published).toBeGreaterThan(kills * 5);
}
