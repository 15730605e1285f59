// The load generator: a process of its own, so that what it spends is not counted as the server's.

import { generatePrivateKey } from '@warg/crypto';
import type { RecordId } from '@warg/protocol';
import type { JobName, Jobs } from './jobs.ts';
import { onConnections, Publishing } from './publishing.ts';
import { read } from './reading.ts';
import { type SignedRecord, signRecord } from './records.ts';

const key = generatePrivateKey();
let publishing: Publishing;
let namespace = '';
let names = 0;
let signed: SignedRecord[] = [];
const published: SignedRecord[] = [];

function newRecords(packages: number): SignedRecord[] {
  return Array.from({ length: packages }, () =>
    signRecord(publishing.url, key, nextName(), '1.0.0', undefined),
  );
}

/** No two runs on one server have a name in common. */
function nextName(): string {
  return `${namespace}:p${process.pid}x${names++}`;
}

function takeSigned(): SignedRecord[] {
  const records = signed;
  signed = [];
  published.push(...records.map((record) => ({ ...record, submit: Buffer.alloc(0) })));
  return records;
}

const work: { [Name in JobName]: (input: Jobs[Name]['input']) => Promise<Jobs[Name]['output']> } = {
  begin: async (input) => {
    publishing = new Publishing(new URL(input.url));
    ({ namespace } = input);
    signed = newRecords(1);
    await publishing.all(takeSigned(), 1);
    return null;
  },
  sign: async ({ packages }) => {
    signed = newRecords(packages);
    return null;
  },
  publish: ({ connections }) => publishing.all(takeSigned(), connections),
  publishAlone: () => publishing.alone(takeSigned()),
  publishAt: ({ perSecond }) => publishing.paced(takeSigned(), perSecond),
  publishHistory: async ({ packages, records }) => {
    const history = Array.from({ length: packages }, nextName);
    const heads: RecordId[] = [];
    for (let n = 0; n < records; n++) {
      const next = history.map((name, i) => signRecord(publishing.url, key, name, `1.${n}.0`, heads[i]));
      const before = await publishing.logLength();
      await onConnections(publishing.url, next, 16, (connection, record) =>
        publishing.submit(connection, record),
      );
      await publishing.reach(before + packages);
      next.forEach(({ recordId }, i) => {
        heads[i] = recordId;
      });
    }
    return history;
  },
  read: async (job) => {
    const { url } = publishing;
    return read({ url, logLength: await publishing.logLength(), records: published }, job);
  },
};

process.on('message', async ({ name, input }: { name: JobName; input: never }) => {
  try {
    process.send!({ output: await work[name](input) });
  } catch (error) {
    process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on('disconnect', () => process.exit());
