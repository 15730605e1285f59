import { type PackageName, packageLogId } from '@warg/protocol';
import type { ClientContext } from './context.ts';
import { ClientError, isClientError } from './errors.ts';
import type { ReadOptions } from './options.ts';
import { groundOf, operatorInfo, packageInfo } from './package-info.ts';
import type { AbsentPackage, OperatorInfo, PackageInfo } from './results.ts';
import type { RegistryState } from './state/registry-state.ts';
import type { StorageSnapshot } from './storage/storage.ts';
import { updatePackage, updateRegistry } from './update/update.ts';
import { updatedGround } from './update/update-result.ts';

const stored = { firstUse: false, refreshed: false, warnings: [] };

/** A package, refreshed first unless that is not wanted or not possible. */
export async function packageOf(
  context: ClientContext,
  name: PackageName,
  options: ReadOptions,
): Promise<PackageInfo> {
  if (!(options.refresh ?? !context.offline)) return storedPackage(context, name, options);
  const { updated, log } = await updatePackage(context, name, options);
  if (log !== undefined) return packageInfo(updatedGround(context, updated), name, packageLogId(name), log);
  throw packageNotFound(context, updated.absent[0], name);
}

async function storedPackage(
  context: ClientContext,
  name: PackageName,
  options: ReadOptions,
): Promise<PackageInfo> {
  return reading(context, options, async (snapshot, state) => {
    const logId = packageLogId(name);
    const listed = state?.packages.get(logId);
    if (state === undefined || listed === undefined) {
      throw new ClientError(
        'NOT_STORED',
        `nothing is stored about ${name} of ${context.address.name}: ask the registry first, online`,
        { registry: context.address.name, name },
      );
    }
    const log = await context.logs.read(snapshot, logId, listed);
    return packageInfo(groundOf(context.address.name, state, listed.provedAt, stored), name, logId, log);
  });
}

/** All stored packages, by name. */
export async function packagesOf(
  context: ClientContext,
  options: ReadOptions,
): Promise<readonly PackageInfo[]> {
  const updated = options.refresh === true ? await updateRegistry(context, undefined, options) : undefined;
  const about =
    updated === undefined
      ? stored
      : { firstUse: updated.firstUse, refreshed: true, warnings: updated.warnings };
  return reading(context, options, async (snapshot, state) => {
    const all: PackageInfo[] = [];
    for (const [logId, listed] of state?.packages ?? []) {
      options.signal?.throwIfAborted();
      const log = await context.logs.read(snapshot, logId, listed);
      all.push(
        packageInfo(groundOf(context.address.name, state!, listed.provedAt, about), listed.name, logId, log),
      );
    }
    return all.sort((a, b) => (a.name < b.name ? -1 : 1));
  });
}

/** The operator log, where anything is stored. */
export async function operatorOf(
  context: ClientContext,
  options: ReadOptions,
): Promise<OperatorInfo | undefined> {
  if (options.refresh === true) {
    const updated = await updateRegistry(context, [], options);
    return operatorInfo(updatedGround(context, updated), updated.state);
  }
  return reading(context, options, async (_snapshot, state) =>
    state === undefined
      ? undefined
      : operatorInfo(groundOf(context.address.name, state, state.checkpoint, stored), state),
  );
}

/** Reads one state of storage, again from the start if another process replaced it meanwhile. */
async function reading<T>(
  context: ClientContext,
  { signal }: ReadOptions,
  read: (snapshot: StorageSnapshot, state: RegistryState | undefined) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      const snapshot = await context.documents.snapshot();
      const state = await context.states.read(snapshot);
      requireUserPin(context, state);
      return await read(snapshot, state);
    } catch (error) {
      if (!isClientError(error, 'STORAGE_CONFLICT') || attempt === 5) throw error;
    }
  }
}

/** What is stored was verified, but perhaps for somebody who trusts another operator. */
function requireUserPin({ userPin, address }: ClientContext, state: RegistryState | undefined): void {
  if (userPin === undefined || state === undefined || state.confirmedPins.includes(userPin.text)) return;
  const { pin } = userPin;
  if (pin.type === 'record' ? pin.recordId === state.pin.recordId : pin.key === state.pin.key) return;
  throw new ClientError(
    'OPERATOR_PIN_MISMATCH',
    `expected what is stored for ${address.name} to come from the operator ${userPin.text}, found ${state.pin.key}: go online to verify, or forget what is stored with \`warg reset\``,
    { registry: address.name, expected: userPin.text, found: state.pin.key },
  );
}

function packageNotFound(
  context: ClientContext,
  absent: AbsentPackage | undefined,
  name: PackageName,
): ClientError {
  const absence = absent?.absence ?? 'unproved';
  const how =
    absence === 'proved'
      ? 'and proves it'
      : 'but offers no proof of that. It may exist and not be shown to you';
  const hint = absent?.hint;
  const elsewhere =
    hint === undefined ? '' : `. It says that ${hint.namespace} is to be found at ${hint.registry}`;
  return new ClientError(
    'PACKAGE_NOT_FOUND',
    `${context.address.name} says that there is no package ${name}, ${how}${elsewhere}`,
    { registry: context.address.name, name, absence, ...(hint === undefined ? {} : { hint }) },
  );
}
