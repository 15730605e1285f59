import { type Digest, generatePrivateKey, keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import {
  emptyPackageState,
  type LogId,
  type PackageEntry,
  type PackageState,
  type SignedCheckpoint,
  ValidationError,
  validatePackage,
} from '@warg/protocol';
import { ApiError } from '@warg/protocol/api';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  digestNamed,
  initEntry,
  releaseEntry,
  type TestPackage,
  type TestRecord,
  testPackage,
  yankEntry,
} from '../../test/publisher.ts';
import { type TestRegistry, testRegistry } from '../../test/test-registry.ts';
import { verifyRegistry } from '../../test/verify-registry.ts';

const KEYS: readonly PrivateKey[] = Array.from({ length: 3 }, () => generatePrivateKey());
const NAMES = ['test:a', 'test:b', 'test:c'];
const VERSIONS = Array.from({ length: 12 }, (_, i) => `1.${i}.0-rc.1`);

const key = fc.nat(KEYS.length - 1);
const version = fc.constantFrom(...VERSIONS);
const permissions = fc.constantFrom(
  ['release', 'yank'] as const,
  ['release'] as const,
  ['yank'] as const,
  [],
);

type MakeEntry = (signer: PrivateKey) => PackageEntry;

const entry = fc.oneof(
  { weight: 1, arbitrary: fc.constant<MakeEntry>(initEntry) },
  {
    weight: 20,
    arbitrary: fc.tuple(version, fc.constantFrom(true, true, false)).map(
      ([v, known]) =>
        () =>
          releaseEntry(v, digestNamed(known ? 'known' : `content of ${v}`)),
    ),
  },
  {
    weight: 4,
    arbitrary: version.map(
      (v): MakeEntry =>
        () =>
          yankEntry(v),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(key, permissions).map(
      ([k, p]): MakeEntry =>
        () => ({
          type: 'grantFlat',
          key: publicKeyOf(KEYS[k]!),
          permissions: p,
        }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(key, permissions).map(
      ([k, p]): MakeEntry =>
        () => ({
          type: 'revokeFlat',
          keyId: keyIdOf(publicKeyOf(KEYS[k]!)),
          permissions: p,
        }),
    ),
  },
);

type Step =
  | {
      readonly type: 'submit';
      readonly name: number;
      readonly signer: number;
      readonly entries: readonly MakeEntry[];
      /** Whether a log that has no record yet is begun as it should be. */
      readonly begin: boolean;
      readonly prev: 'head' | 'none' | 'other';
      readonly age: number;
    }
  | { readonly type: 'again'; readonly which: number }
  | { readonly type: 'upload'; readonly which: number }
  | { readonly type: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      type: fc.constant('submit' as const),
      name: fc.nat(NAMES.length - 1),
      signer: fc.constantFrom(0, 0, 0, 1, 2),
      entries: fc.oneof(
        { weight: 9, arbitrary: fc.array(entry, { minLength: 1, maxLength: 2 }) },
        { weight: 1, arbitrary: fc.array(entry, { maxLength: 4 }) },
      ),
      begin: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
      prev: fc.constantFrom('head', 'head', 'head', 'head', 'head', 'head', 'none', 'other'),
      age: fc.constantFrom(0, 0, 0, 0, 0, 0, 5000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('again' as const), which: fc.nat(50) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('upload' as const), which: fc.nat(50) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      ms: fc.constantFrom(1000, 61_000, 61_000, 3_600_000 * 25),
    }),
  },
);

/** What a registry should be, kept in the simplest way. */
class Model {
  readonly states = new Map<LogId, PackageState>();
  readonly published: string[] = [];

  stateOf(logId: LogId): PackageState {
    return this.states.get(logId) ?? emptyPackageState;
  }

  /** Folds a record; says whether it fits. */
  fold(record: TestRecord): boolean {
    try {
      this.states.set(record.logId, validatePackage(this.stateOf(record.logId), record.envelope));
      this.published.push(`${record.logId}/${record.recordId}`);
      return true;
    } catch (error) {
      if (error instanceof ValidationError) return false;
      throw error;
    }
  }
}

async function run(steps: readonly Step[]): Promise<void> {
  const registry = await testRegistry({ hasAllContent: false });
  registry.contents.add(digestNamed('known'));
  const packages: TestPackage[] = NAMES.map((name) => testPackage(name, registry.clock));
  const model = new Model();
  const acknowledged: TestRecord[] = [];
  const seen: SignedCheckpoint[] = [];
  for (const each of steps) {
    await take(each, registry, packages, model, acknowledged);
    await registry.writer.idle();
    seen.push((await registry.core.latestCheckpoint()).checkpoint);
  }
  const { leaves, packages: states } = await verifyRegistry(registry.core, {
    operatorKey: registry.operatorKey,
    seen,
    absent: [testPackage('test:never').logId],
    limit: 2,
  });
  expect(leaves.slice(1)).toEqual(model.published);
  expect(states).toEqual(new Map([...model.states].filter(([, state]) => state.head !== undefined)));
  for (const record of acknowledged) await requireSettled(registry, record, model);
  await registry.core.close();
}

async function requireSettled({ core }: TestRegistry, record: TestRecord, model: Model): Promise<void> {
  const index = model.published.indexOf(`${record.logId}/${record.recordId}`);
  const status = await core.recordStatus(record.logId, record.recordId).catch((error) => error);
  if (index >= 0) expect(status).toMatchObject({ state: 'published', registryIndex: index + 1 });
  else if (!(status instanceof ApiError)) expect(status.state).toMatch(/^(rejected|sourcing)$/);
}

async function take(
  each: Step,
  registry: TestRegistry,
  packages: readonly TestPackage[],
  model: Model,
  acknowledged: TestRecord[],
): Promise<void> {
  const { core, clock, writer } = registry;
  switch (each.type) {
    case 'wait':
      clock.advance(each.ms);
      await writer.tick();
      return;
    case 'again': {
      const record = acknowledged[each.which % acknowledged.length];
      if (record === undefined) return;
      const before = await core.recordStatus(record.logId, record.recordId).catch(() => undefined);
      const again = await core.submit(record).catch((error) => error);
      if (before !== undefined && before.state === 'published') expect(again).toEqual(before);
      return;
    }
    case 'upload': {
      const record = acknowledged[each.which % acknowledged.length];
      if (record === undefined) return;
      const { logId, recordId } = record;
      const status = await core.recordStatus(logId, recordId).catch(() => undefined);
      if (status?.state !== 'sourcing') return;
      await uploadAll(registry, record, status.missingContent);
      await writer.idle();
      const after = await core.recordStatus(logId, recordId);
      expect(after.state).toBe(model.fold(record) ? 'published' : 'rejected');
      return;
    }
    case 'submit': {
      const pkg = packages[each.name]!;
      const signer = KEYS[each.signer]!;
      const head = model.stateOf(pkg.logId).head?.recordId;
      const prev = { head, none: undefined, other: digestNamed('other') as never }[each.prev];
      const record = pkg.record(
        (head === undefined && each.begin ? [initEntry, ...each.entries] : each.entries).map((make) =>
          make(signer),
        ),
        { key: signer, prev, time: clock.now() - each.age },
      );
      const before = await core.recordStatus(record.logId, record.recordId).catch(() => undefined);
      const status = await core.submit(record).catch((error) => error);
      if (status instanceof ApiError) {
        expect(status.status).toBeLessThan(500);
        return;
      }
      acknowledged.push(record);
      if (before !== undefined || status.state === 'sourcing') return;
      expect(status.state).toBe('processing');
      await writer.idle();
      const after = await core.recordStatus(record.logId, record.recordId);
      expect(after.state).toBe(model.fold(record) ? 'published' : 'rejected');
      return;
    }
  }
}

async function uploadAll({ core, contents }: TestRegistry, record: TestRecord, digests: readonly Digest[]) {
  for (const digest of digests) {
    const upload = { logId: record.logId, recordId: record.recordId, digest };
    await core.expectContent(upload);
    contents.add(digest);
    const status = await core.contentStored(upload);
    const isLast = digest === digests.at(-1);
    expect(status.state === 'sourcing').toBe(!isLast);
  }
}

describe('whatever is submitted in whatever order', () => {
  it('the log is one that a verifier accepts, and the states are those of the protocol', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80, size: 'max' }), run), {
      numRuns: 30,
    });
  });
});
