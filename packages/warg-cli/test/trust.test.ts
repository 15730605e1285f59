import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { type RunningRegistry, startRegistry } from './support/registry.ts';
import { newUser, type User } from './support/spawn.ts';

let registry: RunningRegistry;
const user = newUser();
const at = (url: string) => ['--registry', url];

beforeAll(async () => {
  registry = await startRegistry({ folder: temporaryFolder() });
  await user.json('key', 'new');
  writeFileSync(join(user.folder, 'tool.wasm'), Buffer.from('0061736d0d000100', 'hex'));
  await user.json('publish', 'release', 'example:tool@1.0.0', 'tool.wasm', ...at(registry.url));
});
afterAll(async () => registry.stop());

describe('the operator', () => {
  it('is trusted at first use, which is said once, with --json, with --quiet and where the rest fails', async () => {
    for (const args of [
      ['info'],
      ['info', '--json'],
      ['update', '--quiet'],
      ['download', 'example:nothing'],
    ]) {
      const fresh = newUser();
      const first = await fresh.warg(...args, ...at(registry.url));
      expect(first.stderr).toContain('warning: trusting the operator of');
      expect(first.stderr).toContain(registry.operatorKey);
      const second = await fresh.warg(...args, ...at(registry.url));
      expect(second.stderr).not.toContain('trusting');
    }
  });

  it('is demanded by --operator-key or the configuration', async () => {
    const other = publicKeyOf(generatePrivateKey());
    const fresh = newUser();
    for (const wrong of [other, `sha256:${'0'.repeat(64)}`]) {
      expect(
        await fresh.warg('info', 'example:tool', ...at(registry.url), '--operator-key', wrong, '--json'),
      ).toMatchObject({ code: 1, json: { error: { code: 'OPERATOR_PIN_MISMATCH' } } });
    }
    const right = ['--operator-key', registry.operatorKey];
    const info = await fresh.warg('info', 'example:tool', ...at(registry.url), ...right, '--json');
    expect(info).toMatchObject({
      code: 0,
      stderr: '',
      json: { operator: { origin: 'user', firstUse: false } },
    });

    const configured = newUser();
    await configured.json('config', ...at(registry.url), '--operator-key', other);
    expect(await configured.warg('info')).toMatchObject({ code: 1 });
    await configured.json('config', ...at(registry.url), ...right);
    expect(await configured.json('info')).toMatchObject({ operator: { origin: 'user' } });
  });

  it('is not replaced by another one who answers under the same name', async () => {
    const fresh = newUser();
    const first = await startRegistry({ folder: temporaryFolder() });
    await fresh.json('info', ...at(first.url));
    await first.stop();
    const second = await startRegistry({ folder: temporaryFolder(), listen: new URL(first.url).host });
    try {
      const refused = await fresh.warg('info', ...at(first.url));
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain('--forget-operator');
      expect(await fresh.warg('info', ...at(first.url), '--json')).toMatchObject({
        json: { error: { code: 'CHECKPOINT_SIGNER_REFUSED' } },
      });
      // Without --forget-operator the pin outlives a reset.
      await fresh.json('reset', ...at(first.url));
      expect(await fresh.warg('info', ...at(first.url), '--json')).toMatchObject({
        code: 1,
        json: {
          error: { code: 'OPERATOR_PIN_MISMATCH', hint: expect.stringContaining('--forget-operator') },
        },
      });
      await fresh.json('reset', '--forget-operator', '--yes', ...at(first.url));
      expect(await fresh.json('info', ...at(first.url))).toMatchObject({
        operator: { key: second.operatorKey },
      });
    } finally {
      await second.stop();
    }
  });
});

describe('the age of a checkpoint', () => {
  it('is accepted where it is low enough', async () => {
    expect(
      await user.json('info', 'example:tool', ...at(registry.url), '--max-checkpoint-age', '10m'),
    ).toMatchObject({
      assurance: 'proved',
    });
    expect(await user.warg('info', ...at(registry.url), '--max-checkpoint-age', 'soon')).toMatchObject({
      code: 2,
    });
  });
});

describe('a registry that cannot be used', () => {
  const refusal = async (url: string): Promise<Awaited<ReturnType<User['warg']>>> => {
    const fresh = newUser();
    const human = await fresh.warg('download', 'example:tool', ...at(url));
    expect(human).toMatchObject({ code: 1, stdout: '' });
    expect(human.stderr).toMatch(/^error: /);
    expect(human.stderr).not.toContain('    at ');
    expect(existsSync(join(fresh.folder, 'tool.wasm'))).toBe(false);
    return fresh.warg('download', 'example:tool', ...at(url), '--json');
  };

  it('is not there', async () => {
    const gone = await startRegistry({ folder: temporaryFolder() });
    await gone.stop();
    expect((await refusal(gone.url)).json).toMatchObject({ error: { code: 'NETWORK_FAILED' } });
  });

  it('is something else', async () => {
    const server = createServer((_request, response) => response.end('<html>Welcome</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { json } = await refusal(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      expect(json.error.code).toMatch(/^(RESPONSE_INVALID|DISCOVERY_FAILED)$/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
