import type { Digest } from '@warg/crypto';
import type { ContentRemoval, RecordState } from './rows.ts';

/** How values stand in columns. Hashes are kept as their bytes: half the size of their text, and most of what an index holds. */

const PREFIX = 'sha256:';

/** The bytes of a hash text of any length. */
export function toBlob(hash: string): Uint8Array {
  return Buffer.from(hexOf(hash), 'hex');
}

/** The digits of a hash, for SQL that makes a column of them itself. */
export function hexOf(hash: string): string {
  return hash.slice(PREFIX.length);
}

export function fromBlob<Text extends string = Digest>(blob: Uint8Array): Text {
  return `${PREFIX}${Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('hex')}` as Text;
}

/** The same from 64 lowercase digits. */
export function fromHex<Text extends string = Digest>(hex: string): Text {
  return `${PREFIX}${hex}` as Text;
}

/** The numbers are part of the schema (its partial indexes name them). */
export const STATE_NUMBER: Readonly<Record<RecordState, number>> = {
  sourcing: 0,
  processing: 1,
  rejected: 2,
  published: 3,
  expired: 4,
};

const STATES: readonly RecordState[] = ['sourcing', 'processing', 'rejected', 'published', 'expired'];

export function stateOf(number: number): RecordState {
  return STATES[number]!;
}

export const REMOVAL_NUMBER: Readonly<Record<ContentRemoval, number>> = { removing: 0, removed: 1 };

export function removalOf(number: number): ContentRemoval {
  return number === REMOVAL_NUMBER.removing ? 'removing' : 'removed';
}
