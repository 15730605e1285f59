import { type Digest, encodeUtf8, generatePrivateKey } from '@warg/crypto';
import { decodePackageRecordResponse, encodePublishRecordRequest, paths } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  digestNamed,
  initEntry,
  type TestPackage,
  type TestRecord,
  testPackage,
  yankEntry,
} from '../../../test/publisher.ts';
import { type Body, contentNamed, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
let pkg: TestPackage;
const unknown = `sha256:${'ab'.repeat(32)}`;

beforeEach(async () => {
  const opened = await openRegistry({ content: contentNamed('here'), maxContentBytes: 1000 });
  registry = opened;
  call = opened.call;
  pkg = testPackage('test:hello');
});
afterEach(() => registry.close());

const bytes = encodeUtf8('missing') as Uint8Array<ArrayBuffer>;
const digest = digestNamed('missing');

/** A release whose content is not there. */
async function sourcing(): Promise<TestRecord> {
  await call.settle(pkg.init());
  const record = pkg.release('1.0.0', digest);
  expect((await call.publish(record)).status).toBe(202);
  return record;
}

describe('publishing', () => {
  it('takes a record and says what becomes of it', async () => {
    const record = pkg.init();
    const taken = await call.publish(record);
    expect(taken.status).toBe(202);
    expect(taken.json()).toEqual({ recordId: record.recordId, state: 'processing' });
    expect(await call.settle(record)).toEqual({
      recordId: record.recordId,
      state: 'published',
      registryIndex: 1,
    });
  });

  it('is ready at once with content that is there', async () => {
    await call.settle(pkg.init());
    expect(await call.settle(pkg.release('1.0.0', digestNamed('here')))).toMatchObject({
      state: 'published',
    });
  });

  it('says where to send the content that is not', async () => {
    const record = await sourcing();
    const url = paths.recordContent(record.logId, record.recordId, digest);
    expect((await call.get(paths.record(record.logId, record.recordId))).json()).toEqual({
      recordId: record.recordId,
      state: 'sourcing',
      missingContent: { [digest]: { upload: [{ type: 'http', method: 'POST', url }] } },
    });
  });

  it('tells why a record was rejected', async () => {
    await call.settle(pkg.init());
    const second = pkg.record([initEntry(pkg.key)], { follow: false });
    const answer = await call.publish(second);
    // Refused at the door or by the sequencer: either way nobody is left to guess.
    if (answer.status === 202) expect(await call.settle(second)).toMatchObject({ state: 'rejected' });
    else expect(answer.json()).toMatchObject({ status: answer.status, message: expect.any(String) });
  });

  it('refuses a name that is not the log id', async () => {
    const { packageName, envelope } = pkg.init();
    const body = encodePublishRecordRequest({
      packageName,
      record: envelope as never,
      contentSources: new Map(),
    });
    const answer = await call.post(paths.publishRecord(unknown), body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ status: 400, message: expect.stringContaining(unknown) });
  });

  it('does not take content sources', async () => {
    const { logId, packageName, envelope } = pkg.init();
    const source = { type: 'httpGet', url: 'https://a.example/b', acceptRanges: false } as const;
    const body = encodePublishRecordRequest({
      packageName,
      record: envelope as never,
      contentSources: new Map([[unknown as Digest, [source]]]),
    });
    const answer = await call.post(paths.publishRecord(logId), body);
    expect(answer.status).toBe(501);
    expect(answer.json()).toEqual({ status: 501, message: 'specifying content sources is not supported' });
  });

  it('refuses a stranger with 401', async () => {
    await call.settle(pkg.init());
    const answer = await call.publish(pkg.record([yankEntry('1.0.0')], { key: generatePrivateKey() }));
    expect(answer.status).toBe(401);
  });

  it('refuses a namespace that is not here with 404, and one that is elsewhere with 409 and a hint later on', async () => {
    const nowhere = await call.publish(testPackage('nowhere:a').init());
    expect(nowhere.status).toBe(404);
    expect(nowhere.json()).toEqual({ status: 404, type: 'namespace', id: 'nowhere' });
    const far = testPackage('far:a');
    const before = await call.post(paths.fetchLogs(), { logLength: 1, packages: { [far.logId]: null } });
    expect(before.headers.get('warg-registry-hint')).toBeNull();
    const elsewhere = await call.publish(far.init());
    expect(elsewhere.status).toBe(409);
    expect(elsewhere.json()).toEqual({ status: 409, type: 'namespaceImport', id: 'far' });
    const after = await call.post(paths.fetchLogs(), { logLength: 1, packages: { [far.logId]: null } });
    expect(after.json()).toEqual({ status: 404, type: 'log', id: far.logId });
    expect(after.headers.get('warg-registry-hint')).toBe('far=far.example');
    const record = await call.get(paths.record(far.logId, unknown));
    expect(record.headers.get('warg-registry-hint')).toBe('far=far.example');
  });

  it('passes on the address for the limit per address', async () => {
    const limited = await openRegistry({ limits: { sourcingPerAddress: 1 } });
    const publishFrom = async (name: string, remoteAddress: string): Promise<number> => {
      const each = testPackage(name);
      await limited.call.settle(each.init());
      const { logId, packageName, envelope } = each.release('1.0.0', digest);
      const body = encodePublishRecordRequest({
        packageName,
        record: envelope as never,
        contentSources: new Map(),
      });
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
      return (await limited.call.request(paths.publishRecord(logId), init, { remoteAddress })).status;
    };
    expect(await publishFrom('test:a', '192.0.2.1')).toBe(202);
    expect(await publishFrom('test:b', '192.0.2.1')).toBe(429);
    expect(await publishFrom('test:c', '192.0.2.2')).toBe(202);
    // A network of IPv6 is one address.
    expect(await publishFrom('test:d', '2001:db8::1')).toBe(202);
    expect(await publishFrom('test:e', '2001:db8::ffff:2')).toBe(429);
    expect(await publishFrom('test:f', '2001:db8:0:1::1')).toBe(202);
    await limited.close();
  });
});

describe('asking after a record', () => {
  it.each([
    ['an unknown log', unknown, unknown, 'log'],
    ['the log id in the wrong case', unknown.toUpperCase(), unknown, undefined],
    ['what is no record id', unknown, 'x', undefined],
  ])('has no answer to %s', async (_, logId, recordId, type) => {
    const answer = await call.get(paths.record(logId, recordId));
    expect(answer.status).toBe(type === undefined ? 400 : 404);
    if (type !== undefined) expect(answer.json()).toMatchObject({ type, id: logId });
  });

  it('knows the log but not the record', async () => {
    await call.settle(pkg.init());
    const answer = await call.get(paths.record(pkg.logId, unknown));
    expect(answer.json()).toEqual({ status: 404, type: 'record', id: unknown });
  });
});

describe('uploading', () => {
  it('takes the content, after which the record never reads sourcing again', async () => {
    const record = await sourcing();
    const answer = await call.upload(record, digest, bytes);
    expect(answer.status).toBe(201);
    expect(answer.text).toBe('');
    const state = decodePackageRecordResponse(
      (await call.get(paths.record(record.logId, record.recordId))).text,
    );
    expect(state.state).not.toBe('sourcing');
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
  });

  it('takes a streamed body', async () => {
    const record = await sourcing();
    const stream = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    expect((await call.upload(record, digest, stream)).status).toBe(201);
  });

  it('takes several contents of one record in any order', async () => {
    await call.settle(pkg.init());
    const names = ['one', 'two', 'three'];
    const record = pkg.record(
      names.map((name, n) => ({ type: 'release', version: `${n}.0.0` as never, content: digestNamed(name) })),
    );
    await call.publish(record);
    for (const name of names.toReversed()) {
      const answer = await call.upload(record, digestNamed(name), encodeUtf8(name) as Body);
      expect(answer.status, answer.text).toBe(201);
    }
    expect(await call.settle(record)).toMatchObject({ state: 'published' });
  });

  it('refuses other bytes, and takes the right ones after that', async () => {
    const record = await sourcing();
    const wrong = await call.upload(record, digest, 'other');
    expect(wrong.status).toBe(400);
    expect(wrong.json()).toEqual({
      status: 400,
      message: `content digest \`${digestNamed('other')}\` does not match expected digest \`${digest}\``,
    });
    expect((await call.get(paths.record(record.logId, record.recordId))).json()).toMatchObject({
      state: 'sourcing',
    });
    expect((await call.upload(record, digest, bytes)).status).toBe(201);
  });

  it('refuses more than the cap, whether it is announced or not', async () => {
    const record = await sourcing();
    const large = new Uint8Array(1001);
    expect((await call.upload(record, digest, large)).status).toBe(413);
    const stream = new Blob([large]).stream();
    expect((await call.upload(record, digest, stream)).status).toBe(413);
  });

  it('refuses a content that the record does not name', async () => {
    const record = await sourcing();
    const answer = await call.upload(record, unknown, bytes);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({
      message: expect.stringContaining('is not required for package record'),
    });
  });

  it('refuses a content for a record that waits for none', async () => {
    const record = pkg.init();
    await call.settle(record);
    const answer = await call.upload(record, digest, bytes);
    expect(answer.status).toBe(405);
    expect(answer.json()).toEqual({ status: 405 });
  });

  it('refuses a content for a record that is not here', async () => {
    const record = pkg.init();
    expect((await call.upload(record, digest, bytes)).json()).toEqual({
      status: 404,
      type: 'log',
      id: record.logId,
    });
  });

  it('says 400 to what is no digest', async () => {
    const record = await sourcing();
    for (const text of ['x', 'sha256:abcd', `sha512:${'ab'.repeat(64)}`, `sha256:${'AB'.repeat(32)}`]) {
      expect((await call.upload(record, text, bytes)).status).toBe(400);
    }
  });
});
