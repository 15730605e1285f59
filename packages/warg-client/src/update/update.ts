import { equalBytes } from '@warg/crypto';
import {
  type LogId,
  type PackageName,
  type PackageState,
  packageLogId,
  type SignedCheckpoint,
} from '@warg/protocol';
import { type ClientContext, type Connection, reporter } from '../context.ts';
import { isClientError } from '../errors.ts';
import type { CallOptions } from '../options.ts';
import type { AbsentPackage, OperatorPin } from '../results.ts';
import { listPackage, packageKey, writePackageLog } from '../state/package-log.ts';
import { type RegistryState, readPin, writeRegistryState } from '../state/registry-state.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import { verifyFreshness } from '../verify/checkpoint.ts';
import type { VerifiedLog } from '../verify/log.ts';
import type { Trust, VerifiedRegistry } from '../verify/registry.ts';
import { type Collected, collectAnswers } from './collect.ts';
import { verifyOrderOrKeepEvidence, verifyRegistryOrKeepEvidence } from './contradiction.ts';
import type { WantedLog } from './fetch-logs.ts';
import { pinAfter, pinsOf } from './pins.ts';

/** A package after an update. */
export interface UpdatedPackage {
  readonly name: PackageName;
  readonly logId: LogId;
  /** Always there for `updatePackage`; else only where something new came. */
  readonly log: VerifiedLog<PackageState> | undefined;
  readonly records: number;
  readonly newRecords: number;
  /** Whether its log is to be written. */
  readonly isNew: boolean;
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

/** Brings one package to the registry's newest checkpoint; `log` is undefined where the registry has none. */
export async function updatePackage(
  context: ClientContext,
  name: PackageName,
  options: CallOptions,
): Promise<{ readonly updated: Updated; readonly log: VerifiedLog<PackageState> | undefined }> {
  const updated = await updateRegistry(context, [name], options, true);
  return { updated, log: updated.packages[0]?.log };
}

/**
 * Brings stored state to the registry's newest checkpoint. Everything is verified before anything is written,
 * and what is written is written in one step.
 *
 * @param names the packages to refresh; undefined for all that are stored
 * @param withLogs read the logs of packages that nothing new came of, too
 */
export async function updateRegistry(
  context: ClientContext,
  names: readonly PackageName[] | undefined,
  options: CallOptions,
  withLogs = false,
): Promise<Updated> {
  // Where the API is does not depend on what is stored: that is found out while the storage is locked and read.
  const connecting = context.connect(options.signal);
  connecting.catch(() => {});
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.documents.exclusive(
        () => updateOnce(context, connecting, names, options, withLogs),
        { signal: options.signal },
      );
    } catch (error) {
      // Somebody took the lock over and wrote first: what was verified must be verified against that again.
      if (!isClientError(error, 'STORAGE_CONFLICT') || attempt === commitAttempts) throw error;
    }
  }
}

async function updateOnce(
  context: ClientContext,
  connecting: Promise<Connection>,
  names: readonly PackageName[] | undefined,
  options: CallOptions,
  withLogs: boolean,
): Promise<Updated> {
  const { signal } = options;
  const report = reporter(options);
  const snapshot = await context.documents.snapshot();
  const state = await context.states.read(snapshot);
  const { api, operatorKey } = await connecting;
  const checkpoint = await api.checkpoint({ signal });

  const storedPin = state?.pin ?? (await readPin(snapshot));
  const trust: Trust = {
    pins: pinsOf(context, state, storedPin, operatorKey && { type: 'key', key: operatorKey }),
    previous: state?.checkpoint,
    now: Math.floor(context.now() / 1000),
    maxCheckpointAgeSeconds: context.maxCheckpointAgeSeconds,
  };
  // The first check of `verifyRegistryAsync`, made now: nothing more is asked about a checkpoint that cannot stand.
  verifyFreshness(checkpoint, trust.now, trust.maxCheckpointAgeSeconds);
  await verifyOrderOrKeepEvidence(context, snapshot, state, checkpoint);
  report({ type: 'checkpoint', ...pick(checkpoint) });

  const wanted = wantedLogs(context, snapshot, state, names);
  const previous = state?.checkpoint;
  const operator = state && { log: state.operator, provedAt: state.checkpoint };
  const collected = await collectAnswers(
    api,
    { checkpoint, previous, operator, wanted },
    context.limits,
    { signal },
    (received) => report({ type: 'records', received }),
  );
  const verified = await verifyRegistryOrKeepEvidence(context, snapshot, collected.answers, trust);
  report({ type: 'verified', packages: wanted.length - collected.unknown.length });

  const assembled = assemble(
    context,
    state,
    storedPin,
    operatorKey !== undefined,
    wanted,
    collected,
    verified,
  );
  const updated = withLogs ? await withStoredLogs(context, snapshot, assembled) : assembled;
  signal?.throwIfAborted();
  const changes = await changesOf(snapshot, updated);
  if (changes.size > 0) await context.documents.commit(snapshot, changes);
  if (updated.firstUse) {
    report({ type: 'first-use', registry: context.address.name, operator: updated.state.pin });
  }
  for (const { logId, log } of updated.packages) if (log !== undefined) context.logs.keep(logId, log);
  return updated;
}

async function withStoredLogs(
  { logs }: ClientContext,
  snapshot: StorageSnapshot,
  updated: Updated,
): Promise<Updated> {
  const read = async (found: UpdatedPackage) => ({
    ...found,
    log: found.log ?? (await logs.read(snapshot, found.logId, updated.state.packages.get(found.logId)!)),
  });
  return { ...updated, packages: await Promise.all(updated.packages.map(read)) };
}

function wantedLogs(
  context: ClientContext,
  snapshot: StorageSnapshot,
  state: RegistryState | undefined,
  names: readonly PackageName[] | undefined,
): readonly WantedLog[] {
  const all = names ?? [...(state?.packages.values() ?? [])].map(({ name }) => name);
  return [...new Set(all)].map((name) => {
    const logId = packageLogId(name);
    const listed = state?.packages.get(logId);
    const known = listed && {
      ...listed,
      logId,
      load: () => context.logs.read(snapshot, logId, listed),
    };
    return { name, logId, known };
  });
}

function assemble(
  context: ClientContext,
  before: RegistryState | undefined,
  storedPin: OperatorPin | undefined,
  wellKnown: boolean,
  wanted: readonly WantedLog[],
  collected: Collected,
  verified: VerifiedRegistry,
): Updated {
  const { checkpoint, operatorLog } = verified;
  const listed = new Map(before?.packages);
  const packages: UpdatedPackage[] = [];
  const received = new Map(
    collected.answers.packages.map((answer) => [answer.logId, answer.received.length]),
  );
  for (const { logId, name } of wanted) {
    const log = verified.packageLogs.get(logId);
    const known = listed.get(logId);
    if (log !== undefined) listed.set(logId, listPackage(name, log, checkpoint));
    else if (known !== undefined) listed.set(logId, { ...known, provedAt: checkpoint });
    else continue;
    const { records } = listed.get(logId)!;
    packages.push({
      name,
      logId,
      log,
      records,
      newRecords: received.get(logId) ?? 0,
      isNew: log !== undefined,
    });
  }
  const confirmed = new Set(before?.confirmedPins);
  if (context.userPin !== undefined) confirmed.add(context.userPin.text);
  return {
    state: {
      pin: pinAfter(context, storedPin, wellKnown, verified.operator),
      confirmedPins: [...confirmed],
      checkpoint,
      operator: operatorLog,
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

/** Where no age was demanded, an old checkpoint is worth a word. */
function ageWarning(context: ClientContext, checkpoint: SignedCheckpoint): readonly string[] {
  const age = Math.floor(context.now() / 1000) - checkpoint.contents.timestamp;
  if (context.maxCheckpointAgeSeconds !== undefined || age <= aDay) return [];
  return [
    `the registry's newest checkpoint is ${Math.floor(age / aDay)} days old: either nothing was published since, or an old state is being served`,
  ];
}

/** Only what changed; a package whose records did not change stays as it lies there. */
async function changesOf(
  snapshot: StorageSnapshot,
  updated: Updated,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const changes = new Map<string, Uint8Array>();
  for (const [key, bytes] of writeRegistryState(updated.state)) {
    const stored = await snapshot.read(key);
    if (stored === undefined || !equalBytes(stored, bytes)) changes.set(key, bytes);
  }
  for (const { logId, name, log, isNew } of updated.packages) {
    if (log !== undefined && isNew) changes.set(packageKey(logId), writePackageLog(logId, name, log));
  }
  return changes;
}

function pick({ contents: { logLength, timestamp } }: SignedCheckpoint) {
  return { logLength, timestamp };
}
