import { type Digest, generatePrivateKey, type PrivateKey, type PublicKey, publicKeyOf } from '@warg/crypto';
import type { LogKey } from '../src/log-note/log-key.ts';
import { createCore } from '../src/registry/core.ts';
import type {
  NamespaceDefinition,
  RecordPolicy,
  RegistryLimits,
  RegistryLog,
} from '../src/registry/core-options.ts';
import { DEFAULT_LIMITS } from '../src/registry/open.ts';
import type { RecordStatus, RegistryCore } from '../src/registry/registry.ts';
import { keySigner } from '../src/sequencer/signer.ts';
import { startWriter } from '../src/sequencer/start-writer.ts';
import type { Writer } from '../src/sequencer/writer.ts';
import type { RegistryStore } from '../src/store/registry-store.ts';
import { openMemoryStore } from '../src/store/sqlite/sqlite-store.ts';
import type { TestRecord } from './publisher.ts';

/** A registry in this thread whose insides a test can reach. */
export interface TestRegistry {
  readonly core: RegistryCore;
  readonly writer: Writer;
  readonly store: RegistryStore;
  readonly operatorKey: PublicKey;
  readonly privateKey: PrivateKey;
  readonly clock: TestClock;
  /** What the content store is said to have. */
  readonly contents: Set<Digest>;
  /** What was logged, as `level message`. */
  readonly logged: string[];
  /** Submits, waits until the sequencer is done, and returns what became of the record. */
  publish(record: TestRecord): Promise<RecordStatus>;
}

export interface TestClock {
  now(): number;
  advance(ms: number): void;
}

export interface TestRegistryOptions {
  readonly store?: RegistryStore;
  readonly operatorKey?: PrivateKey;
  readonly logKey?: LogKey;
  readonly namespaces?: readonly NamespaceDefinition[];
  readonly limits?: Partial<RegistryLimits>;
  readonly recordPolicy?: RecordPolicy;
  readonly resignInterval?: number;
  /** Whether every content is there; true if not given. */
  readonly hasAllContent?: boolean;
  /** In place of `hasAllContent` and {@link TestRegistry.contents}. */
  readonly hasContent?: (digest: Digest) => Promise<boolean>;
  readonly clock?: TestClock;
}

export const START = Date.UTC(2030, 0, 1);

export function testClock(start = START): TestClock {
  let now = start;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}

export async function testRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { store = openMemoryStore(), operatorKey = generatePrivateKey(), clock = testClock() } = options;
  const { hasAllContent = true, resignInterval = 60_000, recordPolicy, logKey } = options;
  const namespaces = options.namespaces ?? [{ namespace: 'test', state: 'defined' }];
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const contents = new Set<Digest>();
  const logged: string[] = [];
  const log = Object.fromEntries(
    (['debug', 'info', 'warn', 'error'] as const).map((level) => [
      level,
      (_: Record<string, unknown>, message: string) => logged.push(`${level} ${message}`),
    ]),
  ) as unknown as RegistryLog;
  const writer = await startWriter({
    store,
    signer: keySigner(operatorKey),
    logKey,
    namespaces,
    clock,
    limits,
    resignInterval,
    log,
  });
  const hasContent = options.hasContent ?? (async (digest: Digest) => hasAllContent || contents.has(digest));
  const core = createCore({ store, writer, hasContent, recordPolicy, clock, limits }, async () => {
    await writer.close();
    await store.close();
  });
  return {
    core,
    writer,
    store,
    operatorKey: publicKeyOf(operatorKey),
    privateKey: operatorKey,
    clock,
    contents,
    logged,
    async publish(record) {
      await core.submit(record);
      await writer.idle();
      return core.recordStatus(record.logId, record.recordId);
    },
  };
}
