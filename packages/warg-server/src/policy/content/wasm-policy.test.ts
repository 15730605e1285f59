import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, encodeUtf8 } from '@warg/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initEntry, releaseEntry, type TestRecord, testPackage } from '../../../test/publisher.ts';
import { type Answer, type Body, openRegistry, type RegistryCaller } from '../../../test/registry-caller.ts';
import { componentOf, coreModule, interfacePackage } from '../../../test/wasm-samples.ts';
import { fileContentStore } from '../../content/file-content.ts';
import type { Registry } from '../../create-registry.ts';
import { type WasmPolicyOptions, wasmContentPolicy } from './wasm-policy.ts';

const mebibyte = 2 ** 20;

describe('wasmContentPolicy', () => {
  let dir: string;
  let registry: Registry;
  let call: RegistryCaller;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'warg-policy-'));
  });
  afterEach(async () => {
    await registry.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function open(options?: WasmPolicyOptions): Promise<void> {
    const opened = await openRegistry({
      content: fileContentStore(dir),
      contentPolicy: wasmContentPolicy(options),
      maxContentBytes: 128 * mebibyte,
    });
    registry = opened;
    call = opened.call;
  }

  function release(name: string, bytes: Uint8Array, ...versions: string[]): TestRecord {
    const pkg = testPackage(name);
    return pkg.record([
      initEntry(pkg.key),
      ...versions.map((version) => releaseEntry(version, digestOf(bytes))),
    ]);
  }

  async function upload(record: TestRecord, bytes: Uint8Array): Promise<Answer> {
    expect((await call.publish(record)).json()).toMatchObject({ state: 'sourcing' });
    return await call.upload(record, digestOf(bytes), bytes as Body);
  }

  async function refusal(record: TestRecord, bytes: Uint8Array): Promise<string> {
    const answer = await upload(record, bytes);
    expect(answer.status).toBe(422);
    const state = await call.settle(record);
    expect(state.state).toBe('rejected');
    const { reason } = state as { reason: string };
    expect(reason).toContain(`content with digest \`${digestOf(bytes)}\` was rejected by policy: `);
    expect(await readdir(join(dir, 'files'))).toEqual([]);
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
    return reason;
  }

  it('takes modules, components and WIT packages', async () => {
    await open();
    const samples = [
      coreModule,
      await componentOf('package a:b; world w {}'),
      await interfacePackage('test:p2/i@1.0.0'),
    ];
    for (const [index, bytes] of samples.entries()) {
      const record = release(`test:p${index}`, bytes, '1.0.0');
      expect((await upload(record, bytes)).status).toBe(201);
      expect((await call.settle(record)).state).toBe('published');
    }
  });

  it.each([
    [['component', 'wit-package'], 'module', 'WebAssembly modules are not allowed'],
    [['module'], 'component', 'WebAssembly components are not allowed'],
    [['module', 'component'], 'wit-package', 'WIT packages are not allowed'],
  ] as const)('where %o are wanted, rejects a record with a %s', async (kinds, kind, message) => {
    await open({ kinds });
    const samples = {
      module: coreModule,
      component: await componentOf('package a:b; world w {}'),
      'wit-package': await interfacePackage('test:hello/i@1.0.0'),
    };
    expect(await refusal(release('test:hello', samples[kind], '1.0.0'), samples[kind])).toContain(message);
  });

  it('rejects what is no WebAssembly, and says why', async () => {
    await open();
    const bytes = encodeUtf8('(module)');
    expect(await refusal(release('test:hello', bytes, '1.0.0'), bytes)).toContain('is not valid WebAssembly');
  });

  it.each([
    ['test:other/i@1.0.0', ['1.0.0'], 'the WIT package is named `test:other`'],
    ['test:hello/i@1.0.0', ['1.0.1'], 'names version `1.0.0`, and is released as `1.0.1`'],
    ['test:hello/i@1.0.0', ['1.0.0', '1.0.1'], 'is released as `1.0.1`'],
    ['test:hello/i', ['1.0.0'], 'names no version'],
  ])('rejects the WIT package of %s as test:hello %o', async (found, versions, message) => {
    await open();
    const bytes = await interfacePackage(found);
    expect(await refusal(release('test:hello', bytes, ...versions), bytes)).toContain(message);
  });

  it('refuses a record that releases a content again under a name that is not its own', async () => {
    await open();
    const bytes = await interfacePackage('test:hello/i@1.0.0');
    const first = release('test:hello', bytes, '1.0.0');
    expect((await upload(first, bytes)).status).toBe(201);
    const answer = await call.publish(release('test:other', bytes, '1.0.0'));
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('the WIT package is named `test:hello`');
  });

  it('looks at contents that were stored before there was a policy', async () => {
    const bytes = encodeUtf8('no WebAssembly');
    const before = await fileContentStore(dir);
    await before.write(digestOf(bytes), new Blob([bytes as Uint8Array<ArrayBuffer>]).stream(), 100);
    await before.close();
    await open();
    const answer = await call.publish(release('test:hello', bytes, '1.0.0'));
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('is not valid WebAssembly');
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
  });

  it('leaves the record waiting when the digest is wrong, whoever sent that', async () => {
    await open();
    const bytes = await componentOf('package a:b; world w {}');
    const record = release('test:hello', bytes, '1.0.0');
    await call.publish(record);
    expect((await call.upload(record, digestOf(bytes), 'other bytes')).status).toBe(400);
    expect((await call.upload(record, digestOf(bytes), bytes as Body)).status).toBe(201);
  });

  it('refuses what is larger than it looks at', async () => {
    await open({ maxBytes: 7 });
    expect(await refusal(release('test:hello', coreModule, '1.0.0'), coreModule)).toContain(
      'larger than the 7 bytes',
    );
  });

  it('says of 100 MB of garbage that it is garbage', async () => {
    await open();
    const garbage = new Uint8Array(100 * mebibyte).fill(0x41);
    expect(await refusal(release('test:hello', garbage, '1.0.0'), garbage)).toContain('is not valid');
    garbage.set(coreModule.with(4, 0x0d).with(6, 1));
    expect(await refusal(release('test:other', garbage, '1.0.0'), garbage)).toContain('is not valid');
    garbage.set(coreModule);
    expect(await refusal(release('test:more', garbage, '1.0.0'), garbage)).toContain('is not valid');
  });

  it('refuses what takes more memory than there is, and goes on', async () => {
    await open({ maxBytes: 8 * mebibyte, memoryLimit: 4 * mebibyte });
    const large = new Uint8Array(8 * mebibyte);
    large.set(coreModule);
    expect(await refusal(release('test:hello', large, '1.0.0'), large)).toContain('bytes of memory');
    expect((await upload(release('test:other', coreModule, '1.0.0'), coreModule)).status).toBe(201);
  });
});
