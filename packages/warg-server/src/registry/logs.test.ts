import { OPERATOR_LOG_ID, type RecordId } from '@warg/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RegistryStore } from '../store/registry-store.ts';
import { openMemoryStore } from '../store/sqlite/sqlite-store.ts';
import { logIdOf, newRecord } from '../store/testing/fixtures.ts';
import { Turns } from '../store/turns.ts';
import type { Checkpoints } from './checkpoints.ts';
import { fetchLogs, keptPages } from './logs.ts';

const MIB = 1024 * 1024;
/** Of two logs, one large and one small record after the other, behind the operator's first one. */
const LOGS = ['a', 'b'];
const EACH = 8;

let store: RegistryStore;
beforeAll(async () => {
  store = openMemoryStore();
  const operator = { ...newRecord('operator', 'first'), logId: OPERATOR_LOG_ID };
  const ofLogs = Array.from({ length: LOGS.length * EACH }, (_, i) => {
    const record = newRecord(LOGS[i % LOGS.length]!, `${i}`);
    const contentBytes = new Uint8Array(i % 3 === 0 ? 10 : MIB).fill(i);
    return { ...record, envelope: { ...record.envelope, contentBytes } };
  });
  await store.transaction(async (transaction) => {
    const records = [operator, ...ofLogs];
    await transaction.insertRecords(records);
    const stored = await transaction.findRecords(records);
    await transaction.changeStates(
      stored.map((record, registryIndex) => ({
        arrival: record!.arrival,
        state: 'published',
        registryIndex,
        changedAt: 1,
      })),
    );
  });
});
afterAll(() => store.close());

describe('logs of large records', () => {
  it.each([1, MIB, 2 * MIB, 5 * MIB, 100 * MIB])(
    'are all got in answers of some %i bytes',
    async (maxBytes) => {
      const logLength = 1 + LOGS.length * EACH;
      const checkpoints = { at: async () => ({ logLength }) } as unknown as Checkpoints;
      const context = { store, checkpoints, kept: keptPages(), turns: new Turns() };
      const got = new Map<string, number[]>(LOGS.map((log) => [logIdOf(log), []]));
      const after = new Map<string, RecordId>();
      let operator: RecordId | undefined;
      let answers = 0;
      for (let more = true; more; ) {
        const answer = await fetchLogs(context, {
          logLength,
          limit: 100,
          operator,
          packages: LOGS.map((log) => [logIdOf(log), after.get(logIdOf(log))] as const),
          maxBytes,
        });
        let bytes = 0;
        operator = (answer.operator.at(-1)?.fetchToken as RecordId | undefined) ?? operator;
        for (const [logId, records] of answer.packages) {
          for (const { contentBytes, registryIndex, fetchToken } of records) {
            got.get(logId)!.push(registryIndex);
            after.set(logId, fetchToken as RecordId);
            bytes += contentBytes.length;
          }
        }
        // One record always fits.
        expect(bytes).toBeLessThanOrEqual(Math.max(maxBytes, 0) + MIB);
        more = answer.more;
        expect(answers++).toBeLessThan(3 + LOGS.length * EACH);
      }
      const all = Array.from({ length: LOGS.length * EACH }, (_, i) => i + 1);
      expect(LOGS.map((log) => got.get(logIdOf(log)))).toEqual(
        LOGS.map((_, n) => all.filter((index) => (index - 1) % LOGS.length === n)),
      );
    },
  );
});
