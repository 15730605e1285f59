import { afterAll, describe, expect, it } from 'vitest';
import { door } from '../../test/doors.ts';
import { openRegistry } from '../../test/registry-caller.ts';

// What holds for the long way holds for the short one: the same tests, once more.
door.name = 'direct';

const suites: readonly [name: string, load: () => Promise<unknown>][] = [
  ['paths and methods', () => import('./app.test.ts')],
  ['bad input', () => import('./bad-input.test.ts')],
  ['operations', () => import('./operations.test.ts')],
  ['limits', () => import('./rate-limits.test.ts')],
  ['access', () => import('./access/access.test.ts')],
  ['links', () => import('./access/links.test.ts')],
  ['uploads', () => import('./upload.test.ts')],
  ['fetch', () => import('./routes/fetch.test.ts')],
  ['proved', () => import('./routes/proved.test.ts')],
  ['package', () => import('./routes/package.test.ts')],
  ['proof', () => import('./routes/proof.test.ts')],
];
for (const [name, load] of suites) {
  describe(`by the short way: ${name}`, async () => {
    await load();
  });
}

afterAll(() => {
  expect(door.taken).toBeGreaterThan(500);
  door.name = 'fetch';
});

describe('the short way', () => {
  it('is for paths that mean what they say', async () => {
    const { direct, close } = await openRegistry();
    const id = `sha256:${'ab'.repeat(32)}`;
    const isFound = (method: string, target: string) => direct.find(method, target) !== undefined;
    for (const [method, target] of [
      ['GET', '/v1/fetch/checkpoint'],
      ['POST', '/v1/fetch/logs'],
      ['POST', `/v1/package/${id}/record`],
      ['GET', `/v1/package/${id}/record/${id}`],
    ] as const) {
      expect(isFound(method, target), target).toBe(true);
      expect(isFound(method === 'GET' ? 'POST' : 'GET', target), target).toBe(false);
      for (const other of ['HEAD', 'OPTIONS', 'get', '']) expect(isFound(other, target)).toBe(false);
      for (const other of [`${target}?`, `${target}?a=b:c&d=%20`])
        expect(isFound(method, other), other).toBe(true);
      for (const other of [
        `${target}?a b`,
        `${target}?a=b#c`,
        `${target}/`,
        `/${target}`,
        `${target}#a`,
        target.slice(1),
      ]) {
        expect(isFound(method, other), other).toBe(false);
      }
    }
    for (const target of [
      `/v1/package/${id}/record/..`,
      `/v1/package/../record`,
      `/v1/package/${id.replace(':', '%3A')}/record/${id}`,
      `http://a/v1/package/${id}/record/${id}`,
      `/v1/package/${id}/record/${id}/content/${id}`,
      '/v1/package//record/x',
    ]) {
      expect(isFound('GET', target), target).toBe(false);
    }
    await close();
  });
});
