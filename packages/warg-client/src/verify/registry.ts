import {
  type LogId,
  OPERATOR_LOG_ID,
  type OperatorState,
  operatorRecordId,
  type PackageState,
  packageRecordId,
  type SignedCheckpoint,
} from '@warg/protocol';
import { ClientError } from '../errors.ts';
import { isSameState, verifyFreshness, verifyOrder, verifyRepeated, verifySigner } from './checkpoint.ts';
import {
  type KnownHead,
  type LogAnswer,
  type VerifiedLog,
  verifyDistinctIndices,
  verifyIndices,
} from './log.ts';
import { type Operator, type Pin, verifyOperatorLog, verifyPin, verifySelfSigned } from './operator.ts';
import { verifyPackageLog, verifyPackageLogAsync } from './package.ts';
import {
  type HeadLeaf,
  type InclusionAnswer,
  verifyAbsence,
  verifyConsistency,
  verifyInclusion,
} from './proofs.ts';

/** What is trusted before anything is asked. */
export interface Trust {
  /** All of them must hold; none on first use. */
  readonly pins: readonly Pin[];
  /** The last checkpoint that was verified. */
  readonly previous: SignedCheckpoint | undefined;
  /** Seconds since 1970. */
  readonly now: number;
  /** In seconds; undefined allows any age. */
  readonly maxCheckpointAgeSeconds: number | undefined;
}

/** Everything that a registry answered about one checkpoint. All of it is untrusted. */
export interface RegistryAnswers {
  readonly checkpoint: SignedCheckpoint;
  /** The checkpoint as further answers gave it; it may have been signed more than once. */
  readonly repeated: readonly SignedCheckpoint[];
  readonly operator: LogAnswer<OperatorState>;
  /** Logs that records came of. */
  readonly packages: readonly LogAnswer<PackageState>[];
  /** Logs that were verified before, and that no records came of: their heads are to be proved, no more. */
  readonly unchanged: readonly KnownHead[];
  /** One for each batch of `headsToProve`, in order. */
  readonly inclusion: readonly { readonly heads: number; readonly answer: InclusionAnswer }[];
  /** From the last checkpoint seen, where the log grew since. */
  readonly consistency: Uint8Array | undefined;
  readonly absence: readonly { readonly logIds: readonly LogId[]; readonly bundle: Uint8Array }[];
}

/** What is known when all checks have passed. */
export interface VerifiedRegistry {
  readonly checkpoint: SignedCheckpoint;
  readonly operator: Operator;
  readonly operatorLog: VerifiedLog<OperatorState>;
  /** The logs that records came of. */
  readonly packageLogs: ReadonlyMap<LogId, VerifiedLog<PackageState>>;
  /** Logs that were proved not to exist. */
  readonly absent: ReadonlySet<LogId>;
}

/**
 * Verifies what a registry answered about one checkpoint: the whole of what a client believes goes through here.
 * Pure: no clock, no storage, no network. Nothing of the answers may be used or kept before this returned.
 *
 * @throws ClientError with one of the codes under "Trust" in its catalogue
 */
export function verifyRegistry(answers: RegistryAnswers, trust: Trust): VerifiedRegistry {
  const begun = verifyOperatorAndOrder(answers, trust);

  // 5. Each package's log follows its own rules.
  const packageLogs = new Map(answers.packages.map((answer) => [answer.logId, verifyPackageLog(answer)]));

  const absent = verifyProofs(answers, trust);
  return { ...begun, packageLogs, absent };
}

/**
 * As {@link verifyRegistry}, with the same result and the same errors; the signatures of package records are shared with
 * other threads where there are some, and the proofs are verified meanwhile.
 *
 * @throws ClientError with one of the codes under "Trust" in its catalogue
 */
export async function verifyRegistryAsync(answers: RegistryAnswers, trust: Trust): Promise<VerifiedRegistry> {
  const begun = verifyOperatorAndOrder(answers, trust);
  const verifying = Promise.allSettled(answers.packages.map(verifyPackageLogAsync));
  let absent: ReadonlySet<LogId> | undefined;
  let failed: { readonly error: unknown } | undefined;
  try {
    absent = verifyProofs(answers, trust);
  } catch (error) {
    failed = { error };
  }
  // A log that is wrong comes before a proof that is, and the first one before the others.
  const packageLogs = new Map<LogId, VerifiedLog<PackageState>>();
  for (const [index, result] of (await verifying).entries()) {
    if (result.status === 'rejected') throw result.reason;
    packageLogs.set(answers.packages[index]!.logId, result.value);
  }
  if (absent === undefined) throw failed!.error;
  return { ...begun, packageLogs, absent };
}

/** Steps 1 to 4, and the part of 5 that is about all logs together. */
function verifyOperatorAndOrder(
  answers: RegistryAnswers,
  trust: Trust,
): Omit<VerifiedRegistry, 'packageLogs' | 'absent'> {
  const { checkpoint } = answers;
  const { logLength } = checkpoint.contents;

  // 1. The checkpoint is of now, and not behind what was seen.
  verifyFreshness(checkpoint, trust.now, trust.maxCheckpointAgeSeconds);
  verifyOrder(checkpoint, trust.previous);

  // 2. The operator log follows its own rules, from a first record that is signed by the key it names.
  verifyIndices(answers.operator, logLength, 'the operator log');
  const operatorLog = verifyOperatorLog(answers.operator);
  const operator = verifySelfSigned(operatorLog.records[0]!);

  // 3. The checkpoint is signed by a key that may commit, as of this very checkpoint.
  verifySigner(checkpoint, operatorLog.state);
  for (const other of answers.repeated) verifyRepeated(other, checkpoint, operatorLog.state);

  // 4. The operator is the one who is trusted.
  for (const pin of trust.pins) verifyPin(pin, operator, operatorLog.records, checkpoint);

  // 5. No two records claim one place in the registry's log, and those of one log stand in order.
  for (const answer of answers.packages) verifyIndices(answer, logLength, `log ${answer.logId}`);
  verifyDistinctIndices([answers.operator, ...answers.packages]);
  return { checkpoint, operator, operatorLog };
}

/** Steps 6 to 8; returns the logs that were proved not to exist. */
function verifyProofs(answers: RegistryAnswers, trust: Trust): ReadonlySet<LogId> {
  // 6. The head of every log is in the registry's log, and is the head that the map names.
  verifyHeads(answers, trust.previous);

  // 7. The registry's log is the one that was seen before, and more.
  verifyGrowth(answers, trust.previous);

  // 8. What is said not to exist does not.
  for (const { logIds, bundle } of answers.absence) verifyAbsence(bundle, logIds, answers.checkpoint);
  return new Set(answers.absence.flatMap(({ logIds }) => logIds));
}

/**
 * The heads that a proof is needed for, in order: the operator log's, then those of all packages. A head that was
 * proved at this same state before, and that nothing came after, needs none.
 *
 * @param previous the last checkpoint seen: what the operator log that is known was proved at
 */
export function headsToProve(
  answers: Pick<RegistryAnswers, 'checkpoint' | 'operator' | 'packages' | 'unchanged'>,
  previous: SignedCheckpoint | undefined,
): readonly HeadLeaf[] {
  const { checkpoint, operator, packages, unchanged } = answers;
  const isProved = (provedAt: SignedCheckpoint | undefined) =>
    provedAt !== undefined && isSameState(provedAt, checkpoint);
  return [
    operator.received.length === 0 && isProved(previous) ? undefined : headOf(operator, operatorRecordId),
    ...packages.map((answer) => headOf(answer, packageRecordId)),
    ...unchanged
      .filter(({ provedAt }) => !isProved(provedAt))
      .map(({ logId, head, headIndex }) => ({ logId, recordId: head, registryIndex: headIndex })),
  ].filter((leaf) => leaf !== undefined);
}

function headOf(
  { logId, known, received }: LogAnswer<unknown>,
  recordIdOf: (contentBytes: Uint8Array) => HeadLeaf['recordId'],
): HeadLeaf | undefined {
  const last = received.at(-1);
  if (last !== undefined)
    return { logId, recordId: recordIdOf(last.contentBytes), registryIndex: last.registryIndex };
  return known && { logId, recordId: known.head, registryIndex: known.headIndex };
}

function verifyHeads(answers: RegistryAnswers, previous: SignedCheckpoint | undefined): void {
  const heads = headsToProve(answers, previous);
  let proved = 0;
  for (const { heads: count, answer } of answers.inclusion) {
    const batch = heads.slice(proved, proved + count);
    if (batch.length !== count || count === 0) break;
    verifyInclusion(answer, batch, answers.checkpoint);
    proved += count;
  }
  if (proved !== heads.length || answers.operator.logId !== OPERATOR_LOG_ID) {
    throw new ClientError(
      'INCLUSION_INVALID',
      `expected proofs for ${heads.length} logs, found them for ${proved}`,
    );
  }
}

function verifyGrowth(
  { checkpoint, consistency }: RegistryAnswers,
  previous: SignedCheckpoint | undefined,
): void {
  if (previous === undefined || isSameState(previous, checkpoint)) return;
  if (consistency === undefined) {
    throw new ClientError(
      'CONSISTENCY_INVALID',
      'expected a proof that the registry only added to what was seen before, found none',
    );
  }
  verifyConsistency(consistency, previous, checkpoint);
}
