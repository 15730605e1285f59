import { encodeUtf8, equalBytes } from '@warg/crypto';
import {
  type LogId,
  type PackageName,
  type PackageState,
  packageLogId,
  type SignedCheckpoint,
} from '@warg/protocol';
import { type ClientContext, reporter } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import type { CallOptions } from '../options.ts';
import type { AbsentPackage, OperatorPin } from '../results.ts';
import { packageKey, readPackageLog, writePackageLog } from '../state/package-log.ts';
import {
  type ListedPackage,
  type RegistryState,
  readPin,
  readRegistryState,
  writeRegistryState,
} from '../state/registry-state.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import {
  contradictionOf,
  isSameState,
  verifyFreshness,
  verifyOrder,
  verifySigner,
} from '../verify/checkpoint.ts';
import { type Evidence, encodeEvidence, evidenceId } from '../verify/evidence.ts';
import type { VerifiedLog } from '../verify/log.ts';
import type { Operator, Pin } from '../verify/operator.ts';
import { type Trust, type VerifiedRegistry, verifyRegistry } from '../verify/registry.ts';
import { type Collected, collectAnswers } from './collect.ts';
import type { WantedLog } from './fetch-logs.ts';

/** A package after an update. */
export interface UpdatedPackage {
  readonly name: PackageName;
  readonly logId: LogId;
  /** None where the stored log was already proved at this state, and was not needed. */
  readonly log: VerifiedLog<PackageState> | undefined;
  readonly records: number;
  readonly newRecords: number;
}

/** What an update came to: the state that is now stored. */
export interface Updated {
  readonly state: RegistryState;
  readonly packages: readonly UpdatedPackage[];
  readonly absent: readonly AbsentPackage[];
  readonly newOperatorRecords: number;
  readonly previous: SignedCheckpoint | undefined;
  readonly firstUse: boolean;
  readonly warnings: readonly string[];
}

const aDay = 24 * 60 * 60;
const commitAttempts = 3;

/**
 * Brings stored state to the registry's newest checkpoint. Everything is verified before anything is written,
 * and what is written is written in one step.
 *
 * @param names the packages to refresh; undefined for all that are stored
 */
export async function updateRegistry(
  context: ClientContext,
  names: readonly PackageName[] | undefined,
  options: CallOptions,
): Promise<Updated> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.documents.exclusive(() => updateOnce(context, names, options), {
        signal: options.signal,
      });
    } catch (error) {
      // Somebody took the lock over and wrote first: what was verified must be verified against that again.
      if (!isClientError(error, 'STORAGE_CONFLICT') || attempt === commitAttempts) throw error;
    }
  }
}

async function updateOnce(
  context: ClientContext,
  names: readonly PackageName[] | undefined,
  options: CallOptions,
): Promise<Updated> {
  const { signal } = options;
  const report = reporter(options);
  const snapshot = await context.documents.snapshot();
  const state = await readRegistryState(snapshot);
  const { api, operatorKey } = await context.connect(signal);
  const checkpoint = await api.checkpoint({ signal });
  report({ type: 'checkpoint', ...pick(checkpoint) });

  const storedPin = state?.pin ?? (await readPin(snapshot));
  const trust: Trust = {
    pins: pinsOf(context, state, storedPin, operatorKey && { type: 'key', key: operatorKey }),
    previous: state?.checkpoint,
    now: Math.floor(context.now() / 1000),
    maxCheckpointAge: context.maxCheckpointAge,
  };
  // The first check of `verifyRegistry`, made now: nothing more is asked about a checkpoint that cannot stand.
  verifyFreshness(checkpoint, trust.now, trust.maxCheckpointAge);
  await verifyOrderOrKeepEvidence(context, snapshot, state, checkpoint);

  const wanted = await wantedLogs(snapshot, state, checkpoint, names);
  const collected = await collectAnswers(
    api,
    { checkpoint, previous: state?.checkpoint, operator: state?.operator, wanted: wanted.fetch },
    context.limits,
    { signal },
    (received) => report({ type: 'records', received }),
  );
  const verified = verifyRegistry(collected.answers, trust);
  report({ type: 'verified', packages: verified.packageLogs.length });

  const updated = assemble(context, state, storedPin, operatorKey !== undefined, wanted, collected, verified);
  signal?.throwIfAborted();
  const changes = await changesOf(snapshot, state, updated);
  if (changes.size > 0) await context.documents.commit(snapshot, changes);
  if (updated.firstUse) {
    report({ type: 'first-use', registry: context.address.name, operator: updated.state.pin });
  }
  return updated;
}

/** What must hold of the operator: all that is stored, and what the user says now unless it held before. */
function pinsOf(
  { userPin }: ClientContext,
  state: RegistryState | undefined,
  stored: OperatorPin | undefined,
  wellKnown: Pin | undefined,
): readonly Pin[] {
  const pins: Pin[] = [];
  if (stored !== undefined) pins.push({ type: 'record', recordId: stored.recordId });
  if (userPin !== undefined && state?.confirmedPins.includes(userPin.text) !== true) pins.push(userPin.pin);
  // A document that everybody can change counts only where there is nothing better.
  if (pins.length === 0 && stored === undefined && userPin === undefined && wellKnown !== undefined)
    pins.push(wellKnown);
  return pins;
}

async function verifyOrderOrKeepEvidence(
  context: ClientContext,
  snapshot: StorageSnapshot,
  state: RegistryState | undefined,
  checkpoint: SignedCheckpoint,
): Promise<void> {
  if (state === undefined) return;
  const kind = contradictionOf(state.checkpoint, checkpoint);
  if (kind === undefined) {
    verifyOrder(checkpoint, state.checkpoint);
    return;
  }
  // Without the operator's signature it is anybody's word, and evidence of nothing.
  verifySigner(checkpoint, state.operator.state);
  const evidence: Evidence = {
    format: 'warg-evidence-1',
    registry: context.address.name,
    kind,
    first: state.checkpoint,
    second: checkpoint,
    operatorRecords: state.operator.records,
  };
  const id = evidenceId(evidence);
  await context.documents.commit(
    snapshot,
    new Map([[`evidence/${id}`, encodeUtf8(encodeEvidence(evidence))]]),
  );
  try {
    verifyOrder(checkpoint, state.checkpoint);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    throw new ClientError(error.code, `${error.message}. Evidence was kept as ${id}`, {
      ...error.details,
      evidence: id,
    });
  }
}

interface WantedLogs {
  /** Logs to ask for. */
  readonly fetch: readonly WantedLog[];
  /** Logs that are stored as of this very state, when all stored ones are wanted. */
  readonly current: readonly (readonly [LogId, ListedPackage])[];
}

async function wantedLogs(
  snapshot: StorageSnapshot,
  state: RegistryState | undefined,
  checkpoint: SignedCheckpoint,
  names: readonly PackageName[] | undefined,
): Promise<WantedLogs> {
  const fetch: WantedLog[] = [];
  const current: [LogId, ListedPackage][] = [];
  const all = names ?? [...(state?.packages.values() ?? [])].map(({ name }) => name);
  for (const name of new Set(all)) {
    const logId = packageLogId(name);
    const listed = state?.packages.get(logId);
    if (listed !== undefined && names === undefined && isSameState(listed.provedAt, checkpoint)) {
      current.push([logId, listed]);
      continue;
    }
    const known = listed && (await readPackageLog(snapshot, logId, listed));
    fetch.push({ name, logId, known });
  }
  return { fetch, current };
}

function assemble(
  context: ClientContext,
  before: RegistryState | undefined,
  storedPin: OperatorPin | undefined,
  wellKnown: boolean,
  wanted: WantedLogs,
  collected: Collected,
  verified: VerifiedRegistry,
): Updated {
  const { checkpoint, operatorLog } = verified;
  const listed = new Map(before?.packages);
  const byLog = new Map(wanted.fetch.map((log) => [log.logId, log]));
  const packages: UpdatedPackage[] = [];
  collected.answers.packages.forEach(({ logId, received }, position) => {
    const { name } = byLog.get(logId)!;
    const log = verified.packageLogs[position]!;
    listed.set(logId, { name, records: log.records.length, provedAt: checkpoint });
    packages.push({ name, logId, log, records: log.records.length, newRecords: received.length });
  });
  for (const [logId, { name, records }] of wanted.current) {
    packages.push({ name, logId, log: undefined, records, newRecords: 0 });
  }
  const confirmed = new Set(before?.confirmedPins);
  if (context.userPin !== undefined) confirmed.add(context.userPin.text);
  return {
    state: {
      pin: pinAfter(context, storedPin, wellKnown, verified.operator),
      confirmedPins: [...confirmed],
      checkpoint,
      operator: { ...operatorLog, provedAt: checkpoint },
      packages: listed,
    },
    packages: packages.sort((a, b) => (a.name < b.name ? -1 : 1)),
    absent: collected.unknown.map(({ wanted: { name, logId }, hint }) => ({
      name,
      logId,
      absence: verified.absent.has(logId) ? 'proved' : 'unproved',
      ...(hint === undefined ? {} : { hint }),
    })),
    newOperatorRecords: collected.answers.operator.received.length,
    previous: before?.checkpoint,
    firstUse: storedPin === undefined && context.userPin === undefined,
    warnings: [...collected.warnings, ...ageWarning(context, checkpoint)],
  };
}

/** Whom the client trusts from now on. It is never another than before; only the reason may become better. */
function pinAfter(
  { userPin }: ClientContext,
  stored: OperatorPin | undefined,
  wellKnown: boolean,
  { recordId, key, keyId }: Operator,
): OperatorPin {
  const origin =
    userPin !== undefined ? 'user' : (stored?.origin ?? (wellKnown ? 'well-known' : 'first-use'));
  return { recordId, key, keyId, origin };
}

/** Where no age was demanded, an old checkpoint is worth a word. */
function ageWarning(context: ClientContext, checkpoint: SignedCheckpoint): readonly string[] {
  const age = Math.floor(context.now() / 1000) - checkpoint.contents.timestamp;
  if (context.maxCheckpointAge !== undefined || age <= aDay) return [];
  return [
    `the registry's newest checkpoint is ${Math.floor(age / aDay)} days old: either nothing was published since, or an old state is being served`,
  ];
}

/** Only what changed; a package whose records did not change stays as it lies there. */
async function changesOf(
  snapshot: StorageSnapshot,
  before: RegistryState | undefined,
  updated: Updated,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const changes = new Map<string, Uint8Array>();
  for (const [key, bytes] of writeRegistryState(updated.state)) {
    const stored = await snapshot.read(key);
    if (stored === undefined || !equalBytes(stored, bytes)) changes.set(key, bytes);
  }
  for (const { logId, name, log, newRecords } of updated.packages) {
    if (log !== undefined && (newRecords > 0 || before?.packages.has(logId) !== true)) {
      changes.set(packageKey(logId), writePackageLog(logId, name, log));
    }
  }
  return changes;
}

function pick({ contents: { logLength, timestamp } }: SignedCheckpoint) {
  return { logLength, timestamp };
}
