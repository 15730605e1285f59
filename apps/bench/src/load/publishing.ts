import { decodePackageRecordResponse, decodeSignedCheckpoint, paths } from '@warg/protocol/api';
import { Connection, Connections, requestBytes } from './connection.ts';
import { distributionOf } from './distribution.ts';
import type { Latencies, PacedLatencies, Published } from './jobs.ts';
import { content, type SignedRecord } from './records.ts';

/** How often the checkpoint is looked at, ms: what the moment of publishing is rounded up to. */
const EVERY = 2;
/** How many connections records travel on at a fixed rate. Servers have a limit, too, beyond which they close new ones. */
const MOST_CONNECTIONS = 500;

/** A server, and the checkpoints it has shown. */
export class Publishing {
  readonly url: URL;
  readonly #checkpointRequest: Buffer;
  readonly #watcher: Connection;

  constructor(url: URL) {
    this.url = url;
    this.#checkpointRequest = requestBytes(url, 'GET', paths.fetchCheckpoint());
    this.#watcher = new Connection(url);
  }

  async logLength(): Promise<number> {
    const { status, body } = await this.#watcher.request(this.#checkpointRequest);
    if (status !== 200) throw new Error(`${status} for the checkpoint: ${body}`);
    return decodeSignedCheckpoint(body.toString()).contents.logLength;
  }

  /** Submits one record, with the content that it releases where the server lacks it. */
  async submit(connection: Connection, record: SignedRecord): Promise<void> {
    const { status, body } = await connection.request(record.submit);
    if (status !== 202 && status !== 201 && status !== 200)
      throw new Error(`${status} for a record: ${body}`);
    if (!body.includes('"sourcing"')) return;
    const state = decodePackageRecordResponse(body.toString());
    if (state.state !== 'sourcing') return;
    for (const { upload } of state.missingContent.values()) {
      const { pathname, search } = new URL(upload[0]!.url, this.url);
      const path = `${pathname.slice(1)}${search}`;
      const uploaded = await connection.request(requestBytes(this.url, 'POST', path, content));
      if (uploaded.status >= 300) throw new Error(`${uploaded.status} for an upload: ${uploaded.body}`);
    }
  }

  /** Waits until the log has this many records. */
  async reach(length: number): Promise<void> {
    const giveUp = performance.now() + 300_000;
    while ((await this.logLength()) < length) {
      if (performance.now() > giveUp) throw new Error(`the log has not reached ${length} records in 300 s`);
      await sleep(EVERY);
    }
  }

  /** As fast as the connections take them. */
  async all(records: readonly SignedRecord[], connections: number): Promise<Published> {
    const before = await this.logLength();
    const millis: number[] = [];
    const started = performance.now();
    await onConnections(this.url, records, connections, async (connection, record) => {
      const sent = performance.now();
      await this.submit(connection, record);
      millis.push(performance.now() - sent);
    });
    const acknowledged = performance.now() - started;
    await this.reach(before + records.length);
    const published = performance.now() - started;
    return {
      records: records.length,
      acknowledgedPerSecond: (1000 * records.length) / acknowledged,
      publishedPerSecond: (1000 * records.length) / published,
      acknowledgedMillis: distributionOf(millis),
    };
  }

  /** At a fixed rate: every record at its moment, whether the ones before it are answered or not. */
  async paced(records: readonly SignedRecord[], perSecond: number): Promise<PacedLatencies> {
    const connections = new Connections(this.url, MOST_CONNECTIONS);
    const acknowledged: number[] = [];
    const late: number[] = [];
    const meant: number[] = [];
    const seen: { readonly at: number; readonly length: number }[] = [];
    const before = await this.logLength();
    const started = performance.now() + 20;
    let failure: unknown;
    const send = async (i: number) => {
      late.push(performance.now() - meant[i]!);
      const connection = await connections.take();
      await this.submit(connection, records[i]!);
      acknowledged[i] = performance.now() - meant[i]!;
      connections.giveBack(connection);
    };
    const watch = (async () => {
      for (let length = before; length < before + records.length && failure === undefined; ) {
        const now = await this.logLength();
        if (now > length) seen.push({ at: performance.now(), length: now });
        length = now;
        await sleep(EVERY);
        if (performance.now() > started + (1000 * records.length) / perSecond + 120_000) {
          failure = new Error('records are not published within two minutes');
        }
      }
    })();
    const sent: Promise<void>[] = [];
    while (sent.length < records.length && failure === undefined) {
      const due = Math.floor(((performance.now() - started) * perSecond) / 1000) + 1;
      while (sent.length < Math.min(due, records.length)) {
        const i = sent.length;
        meant.push(started + (1000 * i) / perSecond);
        sent.push(
          send(i).catch((error) => {
            failure ??= error;
            connections.close();
          }),
        );
      }
      await sleep(1);
    }
    await Promise.all([...sent, watch]);
    connections.close();
    if (failure !== undefined) throw failure;
    const indices = await this.#indicesOf(records);
    const published = indices.map((index, i) => {
      return (seen.find(({ length }) => length > index)?.at ?? Number.NaN) - meant[i]!;
    });
    return {
      acknowledged: distributionOf(acknowledged),
      lastAcknowledged: distributionOf(acknowledged.slice(-Math.ceil(records.length / 5))),
      published: distributionOf(published),
      late: distributionOf(late),
    };
  }

  /** The next when the one before is published. */
  async alone(records: readonly SignedRecord[]): Promise<Latencies> {
    const connection = new Connection(this.url);
    const acknowledged: number[] = [];
    const published: number[] = [];
    for (const record of records) {
      const before = await this.logLength();
      const started = performance.now();
      await this.submit(connection, record);
      acknowledged.push(performance.now() - started);
      await this.reach(before + 1);
      published.push(performance.now() - started);
    }
    connection.close();
    return {
      acknowledged: distributionOf(acknowledged),
      published: distributionOf(published),
      late: distributionOf([0]),
    };
  }

  /** Where the records stand in the registry's log: asked for when the clocks have stopped. */
  async #indicesOf(records: readonly SignedRecord[]): Promise<number[]> {
    const indices: number[] = [];
    await onConnections(this.url, [...records.keys()], 64, async (connection, i) => {
      const { logId, recordId } = records[i]!;
      const { body } = await connection.request(requestBytes(this.url, 'GET', paths.record(logId, recordId)));
      const state = decodePackageRecordResponse(body.toString());
      if (state.state !== 'published') throw new Error(`a record is ${state.state}: ${body}`);
      indices[i] = Number(state.registryIndex);
    });
    return indices;
  }
}

/** Does something with each item, so many at a time, each on a connection of its own. */
export async function onConnections<Item>(
  url: URL,
  items: readonly Item[],
  connections: number,
  work: (connection: Connection, item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  await onEachConnection(url, Math.min(connections, items.length), async (connection) => {
    while (next < items.length) await work(connection, items[next++]!);
  });
}

/** Does something on so many connections at once. */
export async function onEachConnection(
  url: URL,
  connections: number,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(url);
      try {
        await work(connection);
      } finally {
        connection.close();
      }
    }),
  );
}

export function sleep(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
