import type { OperatorPin, PackageInfo, PublishResult, ReleaseInfo, Verified } from '@warg/client';
import type { KeyId } from '@warg/crypto';
import { recordEntryDocument } from './entries.ts';
import { isoTime } from './text.ts';

// What the documents of `--json` share. Their members keep their names and meanings.

/** On what ground a result stands. */
export function verifiedDocument(verified: Verified): Readonly<Record<string, unknown>> {
  return {
    registry: verified.registry,
    assurance: verified.assurance,
    asOf: isoTime(verified.asOf),
    refreshed: verified.refreshed,
    checkpoint: checkpointDocument(verified),
    operator: operatorDocument(verified.operator, verified.firstUse),
    warnings: verified.warnings,
  };
}

/** The checkpoint that a result was proved against. */
export function checkpointDocument({
  checkpoint,
}: Pick<Verified, 'checkpoint'>): Readonly<Record<string, unknown>> {
  const { contents, keyId } = checkpoint;
  return {
    logLength: contents.logLength,
    logRoot: contents.logRoot,
    mapRoot: contents.mapRoot,
    timestamp: contents.timestamp,
    keyId,
  };
}

/** Whom a result trusts. */
export function operatorDocument(
  operator: OperatorPin,
  firstUse: boolean,
): Readonly<Record<string, unknown>> {
  return {
    key: operator.key,
    keyId: operator.keyId,
    recordId: operator.recordId,
    origin: operator.origin,
    firstUse,
  };
}

/** A package as its log says it is. */
export function packageDocument(info: PackageInfo): Readonly<Record<string, unknown>> {
  return {
    name: info.name,
    logId: info.logId,
    records: info.records,
    head: {
      recordId: info.head.recordId,
      time: isoTime(info.head.time),
      registryIndex: info.head.registryIndex,
    },
    releases: info.releases.map(releaseDocument),
    keys: [...info.keys].map(([keyId, key]) => ({ keyId, key, permissions: permissionsOf(info, keyId) })),
  };
}

/** What a key may do in a package. */
export function permissionsOf(info: PackageInfo, keyId: KeyId): readonly string[] {
  return [...(info.permissions.get(keyId) ?? [])].sort();
}

/** A version of a package. */
export function releaseDocument(release: ReleaseInfo): Readonly<Record<string, unknown>> {
  return {
    version: release.version,
    state: release.state,
    digest: release.digest ?? null,
    releasedBy: release.releasedBy,
    releasedAt: isoTime(release.releasedAt),
    ...(release.state === 'yanked'
      ? {
          yankedBy: release.yankedBy ?? null,
          yankedAt: release.yankedAt === undefined ? null : isoTime(release.yankedAt),
        }
      : {}),
  };
}

/** How far a record came. */
export function publishDocument(result: PublishResult): Readonly<Record<string, unknown>> {
  const { package: info } = result;
  return {
    registry: result.registry,
    package: result.name,
    recordId: result.recordId,
    state: result.state,
    initialized: result.initialized,
    entries: result.record.entries.map(recordEntryDocument),
    registryIndex: result.registryIndex ?? null,
    missing: result.missing,
    operator: operatorDocument(result.operator, result.firstUse),
    warnings: result.warnings,
    ...(info === undefined
      ? {}
      : { assurance: info.assurance, asOf: isoTime(info.asOf), checkpoint: checkpointDocument(info) }),
  };
}
