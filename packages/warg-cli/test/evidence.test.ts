import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/environment.ts';
import { startRegistry } from './support/registry.ts';
import { newUser } from './support/spawn.ts';

// One operator, one address, and two registries: what it shows one time is not what it shows the other time.
const operatorKey = generatePrivateKey();
const operator = ['--operator-key', publicKeyOf(operatorKey)];
const user = newUser();
let at: readonly string[];
let id: string;

beforeAll(async () => {
  const first = await startRegistry({ folder: temporaryFolder(), operatorKey });
  at = ['--registry', first.url];
  await user.json('info', ...at);
  await first.stop();
  const second = await startRegistry({
    folder: temporaryFolder(),
    operatorKey,
    listen: new URL(first.url).host,
  });
  try {
    const { code, json } = await user.warg('info', ...at, '--json');
    expect(code).toBe(1);
    expect(json).toMatchObject({ error: { code: 'CHECKPOINT_CONTRADICTS' } });
    id = json.error.details.evidence;
    expect(json.error.hint).toContain(`warg evidence ${id} --output`);
  } finally {
    await second.stop();
  }
});

describe('evidence', () => {
  it('is listed and shown', async () => {
    expect(await newUser().warg('evidence', ...at)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No evidence is kept'),
    });
    const { evidence } = await user.json('evidence', ...at);
    expect(evidence).toMatchObject([
      { id, kind: 'fork', first: { contents: { logLength: 1 } }, operatorRecords: 1 },
    ]);
    expect(await user.json('evidence', id, ...at)).toMatchObject({ ...evidence[0], path: null });
    expect((await user.warg('evidence', ...at)).stdout).toContain(id);
    expect(await user.warg('evidence', '--quiet', ...at)).toMatchObject({ stdout: `${id}\n` });
    expect(await user.warg('evidence', 'none', ...at, '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'EVIDENCE_NOT_FOUND' } },
    });
    expect(await user.warg('evidence', '--output', 'x.json', ...at)).toMatchObject({ code: 2 });
    expect(existsSync(join(user.folder, 'x.json'))).toBe(false);
  });

  it('becomes a file that anybody can check, and survives a reset', async () => {
    const path = join(user.folder, 'evidence.json');
    expect(await user.json('evidence', id, '--output', 'evidence.json', ...at)).toMatchObject({ path });
    const text = readFileSync(path, 'utf8');
    expect((await user.warg('evidence', id, '-o', '-', ...at)).stdout).toBe(text);
    expect(await user.warg('evidence', id, '-o', '-', '--json', ...at)).toMatchObject({ code: 2 });
    // The same again is no harm; something else is not overwritten by the way.
    await user.json('evidence', id, '-o', 'evidence.json', ...at);
    writeFileSync(path, 'mine');
    expect(await user.warg('evidence', id, '-o', 'evidence.json', ...at, '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'FILE_EXISTS' } },
    });
    await user.json('evidence', id, '-o', 'evidence.json', '--force', ...at);
    expect(readFileSync(path, 'utf8')).toBe(text);

    const stranger = newUser();
    const verified = await stranger.json('evidence', 'verify', path, ...operator);
    expect(verified).toMatchObject({ valid: true, kind: 'fork', operator: { key: operator[1] } });
    const byRecord = ['--operator-key', verified.operator.recordId];
    expect(await stranger.warg('evidence', 'verify', path, ...byRecord)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Valid: .*two states/),
    });
    await user.json('reset', '--forget-operator', '--yes', ...at);
    expect((await user.json('evidence', ...at)).evidence).toHaveLength(1);
  });

  it('is refused where it shows nothing, with 1, and where the command makes no sense, with 2', async () => {
    const path = join(user.folder, 'false.json');
    const text = (await user.warg('evidence', id, '-o', '-', ...at)).stdout;
    const verify = async (content: string, ...args: readonly string[]) => {
      writeFileSync(path, content);
      const { code, json } = await newUser().warg('evidence', 'verify', path, ...args, '--json');
      return [code, json.error?.code];
    };
    const invalid = [1, 'EVIDENCE_INVALID'];
    expect(await verify(text, '--operator-key', publicKeyOf(generatePrivateKey()))).toEqual(invalid);
    expect(await verify(text.replace('"fork"', '"order"'), ...operator)).toEqual(invalid);
    expect(await verify('{}', ...operator)).toEqual(invalid);
    const { second, ...rest } = JSON.parse(text);
    expect(await verify(JSON.stringify({ ...rest, second: rest.first }), ...operator)).toEqual(invalid);
    expect(await verify(JSON.stringify({ ...rest, second, operatorRecords: [] }), ...operator)).toEqual(
      invalid,
    );
    expect(await verify(text)).toEqual([2, 'USAGE']);
    expect(await verify(text, '--operator-key', 'somebody')).toEqual([2, 'USAGE']);
    expect(await newUser().warg('evidence', 'verify', 'nothing.json', ...operator, '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'FILE_ACCESS' } },
    });
    truncateSync(path, 40 * 2 ** 20);
    expect(await newUser().warg('evidence', 'verify', path, ...operator, '--json')).toMatchObject({
      code: 1,
      json: { error: { code: 'FILE_ACCESS' } },
    });
  });
});
