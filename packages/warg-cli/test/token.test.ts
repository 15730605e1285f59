import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newUser, type User } from './support/spawn.ts';

const asked = new Map<string, string | undefined>();
const server = createServer((request, response) => {
  asked.set(request.url ?? '', request.headers.authorization);
  response.writeHead(request.url?.startsWith('/.well-known') ? 404 : 401, {
    'content-type': 'application/json',
  });
  response.end('{"status":401,"message":"who are you?"}');
});
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => asked.clear());

/** A user whose keyring holds a token, where the reference keeps it. */
function userWithToken(keyringAuth: boolean): User {
  const user = newUser();
  const label = new URL(url).host.replace(':', '-');
  const keyring = join(user.folder, 'config', 'warg', 'keyring');
  mkdirSync(keyring, { recursive: true });
  writeFileSync(join(keyring, `service=warg-auth-token%3A${label}&user=${label}`), 'a-token');
  writeFileSync(join(user.folder, 'warg-config.json'), JSON.stringify({ homeUrl: url, keyringAuth }));
  return user;
}

it('sends the keyring’s token to the registry, where the configuration says that there is one', async () => {
  const run = await userWithToken(true).warg('info', '--json');
  expect(run).toMatchObject({ code: 1, json: { error: { code: 'UNAUTHORIZED' } } });
  expect(asked.get('/v1/fetch/checkpoint')).toBe('Bearer a-token');
  const wellKnown = [...asked].filter(([path]) => path.startsWith('/.well-known'));
  expect(wellKnown.length).toBeGreaterThan(0);
  for (const [, authorization] of wellKnown) expect(authorization).toBeUndefined();
  expect(run.stdout + run.stderr).not.toContain('a-token');
});

it('sends none otherwise', async () => {
  await userWithToken(false).warg('info');
  expect(asked.has('/v1/fetch/checkpoint')).toBe(true);
  expect(asked.get('/v1/fetch/checkpoint')).toBeUndefined();
});
