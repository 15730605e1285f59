import { randomBytes } from 'node:crypto';
import { digestOf } from '@warg/crypto';
import { decodeSignedCheckpoint, type SignedCheckpoint } from '@warg/protocol';
import {
  decodePackageRecordResponse,
  encodePublishRecordRequest,
  type PackageRecordResponse,
  paths,
} from '@warg/protocol/api';
import { releaseEntry, type TestRecord, testPackage, yankEntry } from '../publisher.ts';

/** How many publishers work at once. */
const PUBLISHERS = 12;
/** Releases of a package before its publisher begins another one. */
const RELEASES = 4;
/** How long a publisher waits for an answer before it asks another process, ms: one that was stopped gives none. */
const PATIENCE = 5_000;

/** What the registry owes to somebody: it said 202. */
export interface Acknowledged {
  readonly record: TestRecord;
  readonly content: Buffer;
  readonly becomes: 'published' | 'rejected';
  /** It said 201 to the content, or that it needs none. */
  hasContent: boolean;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishers who never give up, each time at another one of a registry's processes, and who note what they were told. */
export class Publishers {
  readonly acknowledged: Acknowledged[] = [];
  readonly checkpoints = new Map<string, SignedCheckpoint>();
  /** Answers that no registry should give, however often it is killed. */
  readonly surprises: string[] = [];
  readonly #urls: readonly string[];
  readonly #work: Promise<unknown>[];
  #stopped = false;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
    this.#work = Array.from({ length: PUBLISHERS }, (_, i) => this.#publishPackages(i));
    this.#work.push(...urls.map((url) => this.#watch(url)));
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
    const answer = await this.#insist(paths.publishRecord(logId), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
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
    const path = paths.recordContent(record.logId, record.recordId, digestOf(content));
    const answer = await this.#insist(path, { method: 'POST', body: new Uint8Array(content) });
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
    const response = await fetch(`${this.#anyUrl()}/${paths.record(record.logId, record.recordId)}`);
    const body = await response.text();
    if (response.status !== 200)
      throw new Error(`an acknowledged record is answered ${response.status}: ${body}`);
    return decodePackageRecordResponse(body);
  }

  #anyUrl(): string {
    return this.#urls[Math.floor(Math.random() * this.#urls.length)]!;
  }

  /** Again and again while servers are away. Undefined if the publishers were stopped before there was an answer. */
  async #insist(
    path: string,
    request: RequestInit = {},
    urlOf = () => this.#anyUrl(),
  ): Promise<{ status: number; body: string } | undefined> {
    while (!this.#stopped) {
      try {
        const signal = AbortSignal.timeout(PATIENCE);
        const response = await fetch(`${urlOf()}/${path}`, { ...request, signal });
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

  /** Collects every checkpoint that can be seen at one of the processes. */
  async #watch(url: string): Promise<void> {
    while (!this.#stopped) {
      const answer = await this.#insist(paths.fetchCheckpoint(), {}, () => url);
      if (answer?.status === 200) this.checkpoints.set(answer.body, decodeSignedCheckpoint(answer.body));
      await pause(3);
    }
  }
}
