import { createPublicKey, verify } from 'node:crypto';
import { decodeBase64, encodeUtf8, generatePrivateKey } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import { encodeTilePath, hashLeaf, MerkleLog, memoryLogStore, type TilePath } from '@warg/transparency';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testPackage } from '../../../test/publisher.ts';
import { callerOf, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import { createRegistry, type Registry } from '../../create-registry.ts';
import { generateLogKey } from '../../log-note/log-key.ts';

const logKey = generateLogKey('registry.test/log');
const PACKAGES = 299;
/** The operator's first record is a leaf too. */
const LEAVES = PACKAGES + 1;
let registry: Registry;
let call: RegistryCaller;

beforeAll(async () => {
  const opened = await openRegistry({ logKey });
  registry = opened;
  call = opened.call;
  const key = generatePrivateKey();
  const records = Array.from({ length: PACKAGES }, (_, i) => testPackage(`test:p${i}`, { key }).init());
  for (const record of records.slice(1)) await call.publish(record);
  await call.settle(records[0]!);
});
afterAll(() => registry.close());

const tile = (level: TilePath['level'], index: number, width = 256) =>
  call.get(encodeTilePath({ level, index, width }));

/** The body of a note whose signature is right. */
function verified(note: string): readonly string[] {
  const [body, signature] = note.split('\n\n');
  const [, base64] = /^\u2014 registry\.test\/log (\S+)\n$/.exec(signature!)!;
  const raw = Buffer.from(logKey.verifierKey.split('+').slice(2).join('+'), 'base64').subarray(1);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  expect(verify(null, encodeUtf8(`${body}\n`), key, decodeBase64(base64!).subarray(4))).toBe(true);
  return body!.split('\n');
}

describe('checkpoint', () => {
  it('is the newest checkpoint as a note of the log', async () => {
    const answer = await call.get('checkpoint');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const [origin, size, root] = verified(answer.text);
    expect([origin, size]).toEqual(['registry.test/log', String(LEAVES)]);
    const { contents } = (await call.get(paths.fetchCheckpoint())).json<{
      contents: { logLength: number; logRoot: string };
    }>();
    expect(contents.logLength).toBe(LEAVES);
    expect(`sha256:${Buffer.from(root!, 'base64').toString('hex')}`).toBe(contents.logRoot);
  });

  it('is not there without a key of the log', async () => {
    const other = await createRegistry({ operatorKey: generatePrivateKey() });
    const answer = await callerOf(other.fetch).get('checkpoint');
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ message: expect.stringContaining('without a key of its log') });
    await other.close();
  });

  it('has no other methods', async () => {
    const answer = await call.post('checkpoint', '{}');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await call.post('tile/0/000', '{}')).status).toBe(405);
    expect((await call.post('tile/entries/000', '{}')).status).toBe(405);
  });
});

describe('tile/…', () => {
  it('has the leaves, which make the tiles, which make the root', async () => {
    const bundles = [await tile('entries', 0), await tile('entries', 1, LEAVES - 256)];
    const leaves = bundles.flatMap(({ bytes }) => entriesOf(bytes));
    expect(leaves.length).toBe(LEAVES);
    const store = memoryLogStore();
    const log = await MerkleLog.open(store);
    await log.append(leaves.map(hashLeaf));
    const [, , root] = verified((await call.get('checkpoint')).text);
    expect(await log.rootAt(LEAVES)).toEqual(decodeBase64(root!));
    for (const [level, index, width] of [
      [0, 0, 256],
      [0, 1, LEAVES - 256],
      [1, 0, 1],
    ] as const) {
      const answer = await tile(level, index, width);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/octet-stream');
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      const [expected] = await store.readTiles([{ level, index }]);
      expect(answer.bytes).toEqual(expected);
    }
  });

  it('has every tile that an older checkpoint had', async () => {
    const full = (await tile(0, 0)).bytes;
    for (const width of [1, 7, 255]) {
      const answer = await tile(0, 0, width);
      expect(answer.bytes).toEqual(full.subarray(0, 32 * width));
      expect(entriesOf((await tile('entries', 0, width)).bytes).length).toBe(width);
    }
  });

  it('has none beyond the newest checkpoint', async () => {
    const beyond: readonly Parameters<typeof tile>[] = [
      [0, 1],
      [0, 1, LEAVES - 256 + 1],
      [0, 2, 1],
      [0, 1e15 - 1, 1],
      [1, 0, 2],
      [1, 0],
      [2, 0, 1],
      [63, 0, 1],
      ['entries', 1],
      ['entries', 1, LEAVES - 256 + 1],
      ['entries', 2, 1],
    ];
    for (const each of beyond) {
      const answer = await tile(...each);
      expect([each, answer.status]).toEqual([each, 404]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it.each([
    'tile',
    'tile/0',
    'tile/0/0',
    'tile/00/000',
    'tile/0/%30%30%30',
    'tile/0/000.p/0',
    'tile/x/000',
    'tile/0/x000/000',
  ])('is not at %s', async (path) => {
    expect((await call.get(path)).status).toBe(404);
  });
});

function entriesOf(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = bundle[at]! * 256 + bundle[at + 1]!;
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}
