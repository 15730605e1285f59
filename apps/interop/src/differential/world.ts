// The state that both registries are brought into before they are compared: the same records in the same order,
// with a signed checkpoint after each, so that both have signed the same lengths.

import { digestOf, encodeUtf8, keyIdOf, type PrivateKey, parsePrivateKey, publicKeyOf } from '@warg/crypto';
import type { Registry } from '@warg-apps/programs';
import { exchange } from './exchange.ts';
import {
  type Envelope,
  entry,
  packageLogId,
  packageRecordId,
  recordBytes,
  signEnvelope,
} from './record-bytes.ts';

export const namespace = 'demo';

/** Keys that are the same in every run; they protect nothing. */
export const keys = {
  operator: fixedKey(1),
  /** Owns the packages. */
  alice: fixedKey(2),
  /** May release in demo:alpha, not yank. */
  bob: fixedKey(3),
  /** Had both permissions in demo:alpha and lost them. */
  carol: fixedKey(4),
  /** Nobody has heard of it. */
  mallory: fixedKey(5),
};

/** The empty component, and two files that differ from it in a custom section. */
export const contents = {
  empty: Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0),
  one: Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, 3, 1, 0x61, 1),
  two: Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, 3, 1, 0x61, 2),
  /** Named by no record of the prepared state. */
  unused: Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, 3, 1, 0x61, 3),
};

/** The second in which the first record is made; each further one is a second later. */
const firstSecond = 1_700_000_000;

export interface WorldRecord {
  readonly name: string;
  readonly logId: string;
  readonly recordId: string;
  readonly envelope: Envelope;
  readonly content: Uint8Array | undefined;
}

/** The records of the prepared state, in the order in which they are published; the operator's is before them. */
export const records: readonly WorldRecord[] = buildRecords();

export const alpha = packageLogId(`${namespace}:alpha`);
export const beta = packageLogId(`${namespace}:beta`);
export const gamma = packageLogId(`${namespace}:gamma`);
export const unknownLog = packageLogId(`${namespace}:nobody`);
/** The id that every operator log has. */
export const operatorLog = digestOf(encodeUtf8('WARG-OPERATOR-LOG-ID-V0'));

/** The records of one package, in order. */
export const recordsOf = (logId: string): readonly WorldRecord[] =>
  records.filter((record) => record.logId === logId);

/** The last record of a package. */
export const headOf = (logId: string): WorldRecord => recordsOf(logId).at(-1)!;

/** The log length once everything is published: the operator's record and all of `records`. */
export const fullLength: number = records.length + 1;

/** What is different on each registry though it means the same: learnt while the state is made. */
export interface View {
  readonly registry: Registry;
  /** The first record of the operator log: it holds the time at which the server was started. */
  readonly operatorRecord: { readonly id: string; readonly contentBytes: string; readonly signature: string };
  /** The signed checkpoints, by log length. */
  readonly checkpoints: ReadonlyMap<number, SignedCheckpoint>;
}

export interface SignedCheckpoint {
  readonly contents: {
    readonly logRoot: string;
    readonly logLength: number;
    readonly mapRoot: string;
    readonly timestamp: number;
  };
  readonly keyId: string;
  readonly signature: string;
}

/** Publishes all `records` on a registry, one checkpoint each. @throws Error when one is not published */
export async function prepare(registry: Registry): Promise<View> {
  const checkpoints = new Map<number, SignedCheckpoint>();
  const keep = async () => {
    const checkpoint = await fetchJson(registry, '/v1/fetch/checkpoint');
    checkpoints.set(checkpoint.contents.logLength, checkpoint);
    return checkpoint.contents.logLength as number;
  };
  await keep();
  for (const record of records) {
    await publish(registry, record);
    while ((await keep()) < checkpoints.size) await pause(100);
  }
  const body = JSON.stringify({ logLength: fullLength });
  const { operator } = await fetchJson(registry, '/v1/fetch/logs', body);
  const { contentBytes, signature, fetchToken } = operator[0];
  return { registry, checkpoints, operatorRecord: { id: fetchToken, contentBytes, signature } };
}

async function publish(registry: Registry, record: WorldRecord): Promise<void> {
  const path = `/v1/package/${record.logId}/record`;
  const body = JSON.stringify({ packageName: record.name, record: record.envelope });
  let status = await fetchJson(registry, path, body);
  if (status.state === 'sourcing') {
    const upload = `${path}/${record.recordId}/content/${digestOf(record.content!)}`;
    const answer = await exchange(registry.url, { method: 'POST', path: upload, body: record.content! });
    if ('dropped' in answer || answer.status !== 201)
      throw new Error(`${registry.kind}: upload of ${record.name} failed`);
  }
  for (const until = Date.now() + 30_000; status.state !== 'published'; ) {
    if (status.state === 'rejected' || Date.now() > until) {
      throw new Error(`${registry.kind}: ${record.name} was not published: ${JSON.stringify(status)}`);
    }
    await pause(100);
    status = await fetchJson(registry, `${path}/${record.recordId}`);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the answer of a registry that is being tested
async function fetchJson(registry: Registry, path: string, body?: string): Promise<any> {
  const json = { 'content-type': 'application/json' };
  const request =
    body === undefined ? { method: 'GET', path } : { method: 'POST', path, headers: json, body };
  const answer = await exchange(registry.url, request);
  if ('dropped' in answer) throw new Error(`${registry.kind}: ${path} dropped the connection`);
  if (answer.status >= 400)
    throw new Error(`${registry.kind}: ${path} answered ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body.toString('utf8'));
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

function buildRecords(): WorldRecord[] {
  const heads = new Map<string, string>();
  const made: WorldRecord[] = [];
  const add = (name: string, key: PrivateKey, entries: readonly Uint8Array[], content?: Uint8Array) => {
    const logId = packageLogId(name);
    const bytes = recordBytes({ prev: heads.get(logId), time: firstSecond + made.length, entries });
    const recordId = packageRecordId(bytes);
    heads.set(logId, recordId);
    made.push({ name, logId, recordId, envelope: signEnvelope(bytes, key), content });
  };
  const { alice, bob, carol } = keys;
  const [one, two] = [digestOf(contents.one), digestOf(contents.two)];
  add('demo:alpha', alice, [entry.init(publicKeyOf(alice))]);
  add('demo:alpha', alice, [entry.release('1.0.0', one)], contents.one);
  add('demo:beta', alice, [entry.init(publicKeyOf(alice)), entry.release('0.1.0', two)], contents.two);
  add('demo:alpha', alice, [entry.grant(publicKeyOf(bob), ['release'])]);
  add('demo:alpha', bob, [entry.release('1.1.0', two)]);
  add('demo:alpha', alice, [entry.yank('1.0.0')]);
  add('demo:alpha', alice, [entry.grant(publicKeyOf(carol), ['release', 'yank'])]);
  add('demo:alpha', alice, [entry.revoke(keyIdOf(publicKeyOf(carol)), ['release', 'yank'])]);
  add('demo:gamma', alice, [entry.init(publicKeyOf(alice))]);
  return made;
}

function fixedKey(scalar: number): PrivateKey {
  const bytes = Buffer.alloc(32);
  bytes[31] = scalar;
  return parsePrivateKey(`ecdsa-p256:${bytes.toString('base64')}`);
}
