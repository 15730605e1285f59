import { generatePrivateKey } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testPackage } from '../../test/publisher.ts';
import { openRegistry, type RegistryCaller } from '../../test/registry-caller.ts';
import { testClock } from '../../test/test-registry.ts';
import type { Registry } from '../create-registry.ts';
import { metricsHandler } from './metrics-handler.ts';

let registry: Registry & { readonly call: RegistryCaller };
const logged: { readonly fields: Record<string, unknown>; readonly message: string }[] = [];
const clock = testClock();
const note = (fields: Record<string, unknown>, message: string) => logged.push({ fields, message });

beforeEach(async () => {
  logged.length = 0;
  registry = await openRegistry({
    clock,
    resignInterval: 0,
    readyCheckpointAge: 60_000,
    metrics: true,
    log: { debug: note, info: note, warn: note, error: note },
  });
});
afterEach(() => registry.close());

describe('health', () => {
  it('is alive, and ready for as long as its newest checkpoint is young', async () => {
    const { call } = registry;
    expect((await call.get('healthz')).json()).toEqual({ status: 'ok' });
    expect((await call.get('readyz')).json()).toEqual({ status: 'ready', logLength: 1, checkpointAge: 0 });
    clock.advance(61_000);
    const late = await call.get('readyz');
    expect([late.status, late.json()]).toEqual([
      503,
      { status: 503, message: expect.stringContaining('61 seconds old, and is to be no older than 60') },
    ]);
    expect((await call.get('healthz')).status).toBe(200);
    await call.settle(testPackage('test:a', clock).init());
    expect((await call.get('readyz')).json()).toEqual({ status: 'ready', logLength: 2, checkpointAge: 0 });
  });
});

describe('request ids', () => {
  it('are taken over if they are sane, made otherwise, and named by answer and log', async () => {
    const { call } = registry;
    const id = 'web-1/6f1c:2a.b_c';
    const answer = await call.get(paths.fetchCheckpoint(), { 'x-request-id': id });
    expect(answer.headers.get('x-request-id')).toBe(id);
    expect(logged).toContainEqual({ fields: expect.objectContaining({ request: id }), message: 'answered' });
    for (const insane of ['two words', 'x'.repeat(129), '"quoted"', '']) {
      const own = (await call.get('v1/nowhere', { 'x-request-id': insane })).headers.get('x-request-id');
      expect(own).toMatch(/^[0-9a-f-]{36}$/);
    }
    const [first, second] = [await call.get('healthz'), await call.get('healthz')];
    expect(first.headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'));
  });

  it('come with nothing secret in the log', async () => {
    const secret = 'wargt_0000_secret';
    await registry.call.get(`${paths.fetchCheckpoint()}?token=${secret}`, {
      authorization: `Bearer ${secret}`,
    });
    await registry.call.get(`content/sha256-${'0'.repeat(64)}?expires=1&signature=${secret}`);
    expect(logged.length).toBeGreaterThan(0);
    expect(JSON.stringify(logged)).not.toContain(secret);
  });
});

describe('metrics', () => {
  const values = async (): Promise<Record<string, number>> => {
    const { body } = (await registry.metrics())!;
    return Object.fromEntries(
      body
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  };

  it('count what is asked and what is sequenced, by patterns and not by paths', async () => {
    const { call } = registry;
    const pkg = testPackage('test:a', clock);
    await call.settle(pkg.init());
    await call.get(`content/${'x'.repeat(30)}`);
    await call.get('v1/nowhere/at/all');
    await call.request('', { method: 'BREW' });
    clock.advance(5_000);
    const found = await values();
    expect(found).toMatchObject({
      warg_log_length: 2,
      warg_checkpoint_age_seconds: 5,
      warg_sequences: 1,
      warg_sequenced_batch_records_sum: 1,
      warg_sequencing_seconds_count: 1,
      warg_rejected_records_total: 0,
      'warg_http_request_duration_seconds_count{method="POST",route="/v1/package/:logId/record",status="202"}': 1,
      'warg_http_request_duration_seconds_count{method="GET",route="/content/:file",status="404"}': 1,
      'warg_http_request_duration_seconds_count{method="GET",route="none",status="404"}': 1,
      'warg_http_request_duration_seconds_count{method="other",route="none",status="404"}': 1,
    });
    expect(Object.keys(found).some((name) => name.startsWith('nodejs_eventloop_lag'))).toBe(true);
    expect((await registry.metrics())!.body).not.toContain('nowhere');
  });

  it('are told at an address of their own, and not by the registry', async () => {
    expect((await registry.call.get('metrics')).status).toBe(404);
    const { fetch } = metricsHandler(registry);
    const answer = await fetch(new Request('http://localhost/metrics'));
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await answer.text()).toContain('warg_log_length 1\n');
    expect((await fetch(new Request('http://localhost/v1/fetch/checkpoint'))).status).toBe(404);
    expect((await fetch(new Request('http://localhost/metrics', { method: 'POST' }))).status).toBe(405);
    const without = await openRegistry({ operatorKey: generatePrivateKey() });
    expect((await metricsHandler(without).fetch(new Request('http://localhost/metrics'))).status).toBe(404);
    await without.close();
  });
});

describe('the newest checkpoint', () => {
  it('is revalidated by its ETag and never stale', async () => {
    const { call } = registry;
    const first = await call.get(paths.fetchCheckpoint());
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
    const same = await call.get(paths.fetchCheckpoint(), { 'if-none-match': `"other", ${etag}` });
    expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag]);
    await call.settle(testPackage('test:b', clock).init());
    const next = await call.get(paths.fetchCheckpoint(), { 'if-none-match': etag });
    expect(next.status).toBe(200);
    expect(next.headers.get('etag')).not.toBe(etag);
  });
});
