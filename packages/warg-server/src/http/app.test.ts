import { paths } from '@warg/protocol/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRegistry, type RegistryCaller } from '../../test/registry-caller.ts';
import type { Registry } from '../create-registry.ts';

let registry: Registry;
let call: RegistryCaller;
beforeEach(async () => {
  const opened = await openRegistry();
  registry = opened;
  call = opened.call;
});
afterEach(() => registry.close());

const id = `sha256:${'ab'.repeat(32)}`;

describe('paths and methods', () => {
  it.each([
    '',
    'v1',
    'v1/',
    'v2',
    'v1/fetch',
    'v1/fetch/checkpoint/',
    'V1/fetch/checkpoint',
    `v1/package/${id}`,
    '%00',
    '%zz',
  ])('answers 404 to /%s, as JSON', async (path) => {
    const answer = await call.get(path);
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ status: 404, message: 'the requested resource was not found' });
  });

  it.each([
    ['POST', paths.fetchCheckpoint(), 'GET, HEAD'],
    ['DELETE', paths.fetchLogs(), 'POST'],
    ['GET', paths.fetchNames(), 'POST'],
    ['HEAD', paths.fetchNames(), 'POST'],
    ['PUT', paths.recordContent(id, id, id), 'POST'],
    ['PATCH', paths.content(id), 'GET, HEAD'],
    ['OPTIONS', paths.ledger(), 'GET, HEAD'],
  ])('answers 405 to %s /%s', async (method, path, allowed) => {
    const answer = await call.request(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allowed);
    expect(answer.headers.get('content-type')).toBe('application/json');
    if (method !== 'HEAD') expect(answer.json()).toMatchObject({ status: 405 });
  });

  it('answers HEAD like GET, without the body', async () => {
    const answer = await call.request(paths.fetchCheckpoint(), { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
  });
});

describe('Warg-Registry', () => {
  const ask = async (name: string, caller = call): Promise<number> =>
    (await caller.get(paths.fetchCheckpoint(), { 'warg-registry': name })).status;

  it('may name this server', async () => {
    expect(await ask('registry.test:8090')).toBe(200);
    expect(await ask('Registry.test')).toBe(200);
  });

  it('may not name another, and content is not asked', async () => {
    const answer = await call.get(paths.fetchCheckpoint(), { 'warg-registry': 'other.example' });
    expect(answer.status).toBe(501);
    expect(answer.json()).toMatchObject({ status: 501 });
    expect((await call.get('content/x', { 'warg-registry': 'other.example' })).status).toBe(404);
  });

  it('means the public name where there is one', async () => {
    const { call: other, close } = await openRegistry({ publicUrl: 'https://registry.example' });
    expect(await ask('registry.example', other)).toBe(200);
    expect(await ask('registry.test', other)).toBe(501);
    await close();
  });
});

describe('pages of other origins', () => {
  it('may ask before they ask', async () => {
    const answer = await call.request(paths.fetchLogs(), {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-headers')).toContain('content-type');
  });

  it('may read answers, errors too', async () => {
    for (const path of [paths.fetchCheckpoint(), 'nowhere', paths.content('x')]) {
      expect((await call.get(path)).headers.get('access-control-allow-origin')).toBe('*');
    }
  });
});

describe('options', () => {
  it.each(['publicUrl', 'contentBaseUrl'])('refuses a %s that is no URL', async (option) => {
    for (const url of ['registry.example', 'ftp://registry.example', '']) {
      await expect(openRegistry({ [option]: url })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
  });
});

describe('what nobody expected', () => {
  it('is a 500 that says nothing, and is logged', async () => {
    const logged: unknown[] = [];
    const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => logged.push(fields) };
    const content = {
      size: async () => {
        throw new Error('the disk at /secret/place is on fire');
      },
      read: async () => new ReadableStream(),
      write: async () => 0,
      list: async function* () {},
      remove: async () => {},
      close: async () => {},
    };
    const { call: broken, close } = await openRegistry({ content, log });
    const { testPackage } = await import('../../test/publisher.ts');
    const pkg = testPackage('test:hello');
    await broken.settle(pkg.init());
    const answer = await broken.publish(pkg.release('1.0.0'));
    expect(answer.status).toBe(500);
    expect(answer.json()).toEqual({ status: 500, message: 'an error occurred while processing the request' });
    expect(logged).toMatchObject([{ method: 'POST', err: { message: expect.stringContaining('on fire') } }]);
    await close();
  });
});
