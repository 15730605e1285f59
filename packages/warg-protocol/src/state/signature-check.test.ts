import { keyIdOf, publicKeyOf } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALICE, BOB, digestNamed, MALLORY, mutations } from '../../test/arbitraries.ts';
import { nextOperatorRecord, nextPackageRecord } from '../../test/logs.ts';
import type { Envelope } from '../envelopes/envelope.ts';
import {
  signPackageRecord,
  type VerifiedSignature,
  verifyOperatorEnvelope,
  verifyPackageEnvelope,
} from '../envelopes/signing.ts';
import { parseVersion } from '../versions/version.ts';
import {
  emptyOperatorState,
  validateOperator,
  validateOperatorLog,
  validateOperatorLogAsync,
} from './operator-state.ts';
import {
  emptyPackageState,
  validatePackage,
  validatePackageLog,
  validatePackageLogAsync,
} from './package-state.ts';

const alice = publicKeyOf(ALICE);
const bob = publicKeyOf(BOB);

/** A log of twelve records by two keys; the eighth takes the permission to release from the second key. */
const packageLog = logOf(12, (log) => {
  const state = validatePackageLog(emptyPackageState, log);
  const release = {
    type: 'release',
    version: parseVersion(`1.${log.length}.0`),
    content: digestNamed('a'),
  } as const;
  if (log.length === 0)
    return nextPackageRecord(
      state,
      ALICE,
      { type: 'init', hashAlgorithm: 'sha256', key: alice },
      { type: 'grantFlat', key: bob, permissions: ['release'] },
    );
  if (log.length === 7)
    return nextPackageRecord(state, ALICE, {
      type: 'revokeFlat',
      keyId: keyIdOf(bob),
      permissions: ['release'],
    });
  return nextPackageRecord(state, log.length % 2 === 0 || log.length > 7 ? ALICE : BOB, release);
});

const operatorLog = logOf(6, (log) => {
  const state = validateOperatorLog(emptyOperatorState, log);
  if (log.length === 0)
    return nextOperatorRecord(state, ALICE, { type: 'init', hashAlgorithm: 'sha256', key: alice });
  return nextOperatorRecord(state, ALICE, { type: 'defineNamespace', namespace: `n${log.length}` });
});

/** What somebody may do to a log. A record that is signed anew by another key keeps the id of the key that it had. */
const damage = fc.array(
  fc.tuple(
    fc.nat(11),
    fc.oneof(
      mutations.map((change) => (log: readonly Envelope[], at: number) => [
        { ...log[at]!, contentBytes: change(log[at]!.contentBytes) },
      ]),
      fc.constantFrom<(log: readonly Envelope[], at: number) => Envelope[]>(
        (log, at) => [{ ...log[at]!, signature: log[(at + 1) % log.length]!.signature }],
        (log, at) => [{ ...log[at]!, signature: 'none' }],
        (log, at) => [{ ...log[at]!, keyId: keyIdOf(bob) }],
        (log, at) => [{ ...log[at]!, keyId: keyIdOf(publicKeyOf(MALLORY)) }],
        () => [],
        (log, at) => [log[at]!, log[at]!],
      ),
    ),
  ),
  { maxLength: 3 },
);

function damaged(
  log: readonly Envelope[],
  steps: readonly (readonly [number, (log: readonly Envelope[], at: number) => Envelope[]])[],
): Envelope[] {
  return steps.reduce<Envelope[]>(
    (now, [place, step]) => {
      if (now.length === 0) return now;
      const at = place % now.length;
      return now.toSpliced(at, 1, ...step(now, at));
    },
    [...log],
  );
}

describe('verifying signatures later', () => {
  it('comes to the same as verifying each at once, for any package log', async () => {
    const proofs = packageLog.map((envelope) =>
      verifyPackageEnvelope(envelope, envelope.keyId === keyIdOf(bob) ? bob : alice),
    );
    await fc.assert(
      fc.asyncProperty(damage, fc.array(fc.boolean(), { maxLength: 12 }), async (steps, proved) => {
        const log = damaged(packageLog, steps);
        // Some come with a proof, of this record or of the one that stood here before.
        const given: (VerifiedSignature | undefined)[] = proved.map((is, at) =>
          is ? proofs[at] : undefined,
        );
        expect(await outcome(() => validatePackageLogAsync(emptyPackageState, log, given))).toEqual(
          await outcome(() => validatePackageLog(emptyPackageState, log, given)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('comes to the same as verifying each at once, for any operator log', async () => {
    const proofs = operatorLog.map((envelope) => verifyOperatorEnvelope(envelope, alice));
    await fc.assert(
      fc.asyncProperty(damage, fc.array(fc.boolean(), { maxLength: 6 }), async (steps, proved) => {
        const log = damaged(operatorLog, steps);
        const given = proved.map((is, at) => (is ? proofs[at] : undefined));
        expect(await outcome(() => validateOperatorLogAsync(emptyOperatorState, log, given))).toEqual(
          await outcome(() => validateOperatorLog(emptyOperatorState, log, given)),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('refuses a log for any one bad signature, and says which', async () => {
    for (const at of packageLog.keys()) {
      const { signature } = packageLog[(at + 1) % packageLog.length]!;
      const log = packageLog.with(at, { ...packageLog[at]!, signature });
      await expect(validatePackageLogAsync(emptyPackageState, log)).rejects.toMatchObject({
        code: 'SIGNATURE_ERROR',
        recordIndex: at,
      });
    }
  });

  it('meets a bad signature before a later record that does not fold', async () => {
    const log = packageLog
      .with(3, { ...packageLog[3]!, signature: packageLog[4]!.signature })
      .with(6, packageLog[2]!);
    await expect(validatePackageLogAsync(emptyPackageState, log)).rejects.toMatchObject({
      code: 'SIGNATURE_ERROR',
      recordIndex: 3,
    });
  });

  it('takes no proof of another record', async () => {
    const state = validatePackage(emptyPackageState, packageLog[0]!);
    const time = { ...state.head!.time, seconds: state.head!.time.seconds + 5n };
    const forged = {
      ...signPackageRecord({ prev: state.head!.recordId, time, entries: [] }, MALLORY),
      keyId: keyIdOf(alice),
    };
    const proof = verifyPackageEnvelope(packageLog[2]!, alice);
    for (const attempt of [forged, { ...forged, signature: packageLog[2]!.signature }]) {
      await expect(validatePackageLogAsync(state, [attempt], [proof])).rejects.toMatchObject({
        code: 'SIGNATURE_ERROR',
        recordIndex: 0,
      });
    }
  });

  it('verifies the bytes that it was given, whatever becomes of them meanwhile', async () => {
    const [first] = operatorLog as [Envelope, ...Envelope[]];
    const log = [{ ...first, contentBytes: first.contentBytes.slice() }];
    const validating = validateOperatorLogAsync(emptyOperatorState, log);
    log[0]!.contentBytes.fill(0);
    expect(await validating).toEqual(validateOperator(emptyOperatorState, first));
  });
});

function logOf(length: number, next: (log: readonly Envelope[]) => Envelope): readonly Envelope[] {
  const log: Envelope[] = [];
  while (log.length < length) log.push(next(log));
  return log;
}

async function outcome(validate: () => unknown): Promise<unknown> {
  try {
    return await validate();
  } catch (error) {
    return {
      ...(error as object),
      message: (error as Error).message,
      name: (error as Error).constructor.name,
    };
  }
}
