import { Validator } from '@seriousme/openapi-schema-validator';
import { jsonSchemas } from '@warg/protocol/api/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOfAll, requireDocumented } from '../../../test/documented-answers.ts';
import { openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import type { Registry } from '../../create-registry.ts';
import { routesOf } from '../app.ts';
import type { Services } from '../services.ts';
import { openApiPath } from './document.ts';

let registry: Registry;
let call: RegistryCaller;

beforeAll(async () => {
  const opened = await openRegistry({ publicUrl: 'http://registry.test:8090' });
  registry = opened;
  call = opened.call;
});
afterAll(() => registry.close());

const routes = routesOf({ publicUrl: 'https://registry.test', core: {} } as Services);
const operations = Object.values(documentOfAll.paths).flatMap((methods) => Object.values(methods));

describe('openapi.json', () => {
  it('is served, and says what the routes say', async () => {
    const answer = await call.get('openapi.json');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(answer.json()).toEqual(documentOfAll);
  });

  it('is OpenAPI 3.1', async () => {
    const result = await new Validator().validate(JSON.parse(JSON.stringify(documentOfAll)));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it.each(routes)('describes $path', ({ path, get, post, about }) => {
    // A route that answered two methods would need two descriptions.
    expect([get, post].filter((handler) => handler !== undefined)).toHaveLength(1);
    const operation = documentOfAll.paths[openApiPath(path)]?.[get === undefined ? 'post' : 'get'];
    expect(operation).toMatchObject({ operationId: about.id, summary: expect.stringMatching(/^[A-Z].{8}/) });
    const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(about.path ?? {})).toEqual(inPath);
    expect(Object.keys(operation!.responses).some((status) => status.startsWith('2'))).toBe(true);
  });

  it('has a path for each route, and names each operation once', () => {
    expect(operations).toHaveLength(routes.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
  });

  it('refers only to schemas that are there', () => {
    const names = [...JSON.stringify(documentOfAll).matchAll(/"#\/components\/schemas\/(\w+)"/g)];
    expect(names.length).toBeGreaterThan(50);
    for (const [, name] of names) expect(Object.keys(jsonSchemas())).toContain(name);
  });

  it('is what the answers to tests are held against', async () => {
    const json = { headers: { 'content-type': 'application/json' } };
    for (const [status, init] of [
      [418, json],
      [200, { headers: { 'content-type': 'text/html' } }],
      [200, {}],
    ] as const) {
      const answer = new Response('{}', { status, ...init });
      await expect(requireDocumented('GET', 'v1/ledger', answer)).rejects.toThrow(
        'GET v1/ledger was answered',
      );
    }
    await requireDocumented('GET', 'v1/ledger', new Response('{}', { status: 200, ...json }));
  });
});
