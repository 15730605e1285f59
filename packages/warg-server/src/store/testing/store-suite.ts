import type { RegistryStore } from '../registry-store.ts';
import { accessTests } from './access-tests.ts';
import { auditTests } from './audit-tests.ts';
import { checkpointTests } from './checkpoint-tests.ts';
import type { TestApi } from './fixtures.ts';
import { logTests } from './log-tests.ts';
import { manyTests } from './many-tests.ts';
import { recordTests } from './record-tests.ts';
import { removalTests } from './removal-tests.ts';
import { sourceTests } from './source-tests.ts';
import { transactionTests } from './transaction-tests.ts';
import { withdrawalTests } from './withdrawal-tests.ts';

/** An empty store to test. */
export interface StoreFixture {
  readonly store: RegistryStore;
  /** Another view of the same data, such as another connection; what is committed is seen there. May be the store itself. */
  readonly reader: RegistryStore;
  close(): Promise<void>;
}

/** Defines one test on a new, empty store. */
export type StoreTest = (title: string, body: (fixture: StoreFixture) => Promise<void>) => void;

/**
 * Defines the tests that every {@link RegistryStore} must pass.
 *
 * @param api the test runner
 * @param name what the store is called
 * @param open makes a new, empty store for each test
 * @example testRegistryStore({ describe, it }, 'memory', async () => { … });
 */
export function testRegistryStore(api: TestApi, name: string, open: () => Promise<StoreFixture>): void {
  const test: StoreTest = (title, body) =>
    api.it(title, async () => {
      const fixture = await open();
      try {
        await body(fixture);
      } finally {
        await fixture.close();
      }
    });
  api.describe(`registry store: ${name}`, () => {
    api.describe('records', () => recordTests(test));
    api.describe('logs', () => logTests(test));
    api.describe('many at once', () => manyTests(test));
    api.describe('checkpoints', () => checkpointTests(test));
    api.describe('transactions', () => transactionTests(test));
    api.describe('sources of contents', () => sourceTests(test));
    api.describe('removals of contents', () => removalTests(test));
    api.describe('access tokens', () => accessTests(test));
    api.describe('audit entries', () => auditTests(test));
    api.describe('withdrawn contents', () => withdrawalTests(test));
  });
}
