// `verifyRegistry` and `verifyRegistryAsync` are two ways to one result, whatever a registry answers.

import { OPERATOR_LOG_ID, packageLogId, parsePackageName } from '@warg/protocol';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchTransport } from '../src/http/transport.ts';
import { defaultLimits } from '../src/limits.ts';
import { registryApi } from '../src/registry/registry-api.ts';
import { collectAnswers } from '../src/update/collect.ts';
import type { LogAnswer } from '../src/verify/log.ts';
import {
  type RegistryAnswers,
  type Trust,
  verifyRegistry,
  verifyRegistryAsync,
} from '../src/verify/registry.ts';
import { serve } from './registry/serve.ts';
import { author, hello, registryUrl } from './registry/setup.ts';
import { testRegistry } from './registry/test-registry.ts';

const names = ['test:a', 'test:b', 'test:c'];
let honest: RegistryAnswers;
let trust: Trust;

beforeAll(async () => {
  const registry = await testRegistry();
  for (const version of ['1.0.0', '1.1.0', '1.2.0'])
    for (const name of names) await registry.release(name, version, hello, author);
  await registry.sign();
  const transport = fetchTransport({ fetch: serve(registry), limits: defaultLimits });
  const api = registryApi(new URL(`${registryUrl}/`), transport, defaultLimits, async () => undefined);
  const checkpoint = await api.checkpoint({ signal: undefined });
  const wanted = [...names, 'test:none'].map((text) => {
    const name = parsePackageName(text);
    return { name, logId: packageLogId(name), known: undefined };
  });
  const question = { checkpoint, previous: undefined, operator: undefined, wanted };
  const collected = await collectAnswers(api, question, defaultLimits, { signal: undefined }, () => {});
  honest = collected.answers;
  trust = {
    pins: [],
    previous: undefined,
    now: checkpoint.contents.timestamp,
    maxCheckpointAgeSeconds: undefined,
  };
});

type Lie = (answers: RegistryAnswers) => RegistryAnswers;

/** Changes what one package's log says of one record. */
function inRecord(
  log: number,
  record: number,
  change: (answer: LogAnswer<never>, at: number) => LogAnswer<never>['received'][number],
): Lie {
  return (answers) => {
    const packages = answers.packages.map((answer, index) =>
      index !== log
        ? answer
        : { ...answer, received: answer.received.with(record, change(answer as LogAnswer<never>, record)) },
    );
    return { ...answers, packages };
  };
}

const place = fc.tuple(fc.nat(2), fc.nat(2));
const lies: fc.Arbitrary<Lie> = fc.oneof(
  place.map(([log, record]) =>
    inRecord(log, record, ({ received }, at) => ({
      ...received[at]!,
      signature: received[(at + 1) % 3]!.signature,
    })),
  ),
  place.map(([log, record]) =>
    inRecord(log, record, ({ received }, at) => ({
      ...received[at]!,
      contentBytes: received[at]!.contentBytes.slice(1),
    })),
  ),
  place.map(([log, record]) =>
    inRecord(log, record, ({ received }, at) => ({
      ...received[at]!,
      registryIndex: received[(at + 1) % 3]!.registryIndex,
    })),
  ),
  fc.constantFrom<Lie>(
    (answers) => ({ ...answers, packages: answers.packages.toReversed() }),
    (answers) => ({ ...answers, packages: answers.packages.slice(1) }),
    (answers) => ({ ...answers, inclusion: [] }),
    (answers) => ({
      ...answers,
      inclusion: answers.inclusion.map((each) => ({
        ...each,
        answer: { ...each.answer, map: each.answer.map.slice(1) },
      })),
    }),
    (answers) => ({
      ...answers,
      absence: answers.absence.map((each) => ({ ...each, logIds: [OPERATOR_LOG_ID] })),
    }),
    (answers) => ({
      ...answers,
      operator: { ...answers.operator, received: answers.operator.received.slice(1) },
    }),
    (answers) => ({ ...answers, checkpoint: { ...answers.checkpoint, keyId: 'nobody' } }),
  ),
);

describe('verifying signatures off the thread', () => {
  it('comes to the same for an honest registry', async () => {
    const verified = verifyRegistry(honest, trust);
    expect(verified.packageLogs.size).toBe(3);
    expect(verified.absent.size).toBe(1);
    expect(await verifyRegistryAsync(honest, trust)).toEqual(verified);
  });

  it('fails with the same error for one that lies, in one place or in several', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(lies, { minLength: 1, maxLength: 3 }), async (several) => {
        const answers = several.reduce((before, lie) => lie(before), honest);
        const expected = await outcome(() => verifyRegistry(answers, trust));
        expect(await outcome(() => verifyRegistryAsync(answers, trust))).toEqual(expected);
        if ((expected as { code?: string }).code !== undefined) refused++;
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(250);
  });

  it('refuses a bad signature that nothing else of the answer gives away', async () => {
    for (let log = 0; log < 3; log++) {
      for (let record = 0; record < 3; record++) {
        const lie = inRecord(log, record, ({ received }, at) => ({
          ...received[at]!,
          signature: received[(at + 1) % 3]!.signature,
        }));
        await expect(verifyRegistryAsync(lie(honest), trust)).rejects.toMatchObject({
          code: 'PACKAGE_LOG_INVALID',
          details: { logId: honest.packages[log]!.logId },
        });
      }
    }
  });
});

async function outcome(verify: () => unknown): Promise<unknown> {
  try {
    return await verify();
  } catch (error) {
    return { ...(error as object), message: (error as Error).message };
  }
}
