import type { StoredPublishEntry } from '@warg/client';
import { keyIdOf } from '@warg/crypto';
import type { PackageEntry } from '@warg/protocol';

/** An entry of a record or of a pending publish, as `--json` shows it. */
export type EntryDocument =
  | { readonly type: 'init'; readonly key?: string; readonly keyId?: string }
  | { readonly type: 'release'; readonly version: string; readonly digest: string }
  | { readonly type: 'yank'; readonly version: string }
  | {
      readonly type: 'grant';
      readonly key: string;
      readonly keyId: string;
      readonly permissions: readonly string[];
    }
  | { readonly type: 'revoke'; readonly keyId: string; readonly permissions: readonly string[] };

/** An entry of a pending publish. */
export function pendingEntryDocument(entry: StoredPublishEntry): EntryDocument {
  switch (entry.type) {
    case 'init':
      return { type: 'init' };
    case 'release':
      return { type: 'release', version: entry.version, digest: entry.content };
    case 'yank':
      return { type: 'yank', version: entry.version };
    case 'grant':
      return { type: 'grant', key: entry.key, keyId: keyIdOf(entry.key), permissions: entry.permissions };
    case 'revoke':
      return { type: 'revoke', keyId: entry.keyId, permissions: entry.permissions };
  }
}

/** An entry of a record. */
export function recordEntryDocument(entry: PackageEntry): EntryDocument {
  switch (entry.type) {
    case 'init':
      return { type: 'init', key: entry.key, keyId: keyIdOf(entry.key) };
    case 'release':
      return { type: 'release', version: entry.version, digest: entry.content };
    case 'yank':
      return { type: 'yank', version: entry.version };
    case 'grantFlat':
      return { type: 'grant', key: entry.key, keyId: keyIdOf(entry.key), permissions: entry.permissions };
    case 'revokeFlat':
      return { type: 'revoke', keyId: entry.keyId, permissions: entry.permissions };
  }
}

/** An entry in words: `release 1.2.0 (sha256:…)`. */
export function describeEntry(entry: EntryDocument): string {
  switch (entry.type) {
    case 'init':
      return 'initialize the package';
    case 'release':
      return `release ${entry.version} (${entry.digest})`;
    case 'yank':
      return `yank ${entry.version}`;
    case 'grant':
      return `grant ${entry.permissions.join(', ')} to ${entry.keyId}`;
    case 'revoke':
      return `revoke ${entry.permissions.join(', ')} from ${entry.keyId}`;
  }
}
