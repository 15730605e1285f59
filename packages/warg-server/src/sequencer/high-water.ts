import { digestFromBytes } from '@warg/crypto';
import { type LogStore, MerkleLog } from '@warg/transparency';
import { StoreError } from '../store/errors.ts';
import type { RegistryStore, StoreReads } from '../store/registry-store.ts';
import type { HeadMemory, SignedHead } from './head-file.ts';

/** A checkpoint that is known to have been signed: below it nothing else may be signed any more. */
export interface HighWaterMark extends SignedHead {
  /** Who knows of it, such as the name of a file. */
  readonly knownFrom: string;
}

/** What was noted last; undefined if nothing was. */
export function markOf(memory: HeadMemory): HighWaterMark | undefined {
  const head = memory.read();
  return head && { ...head, knownFrom: memory.name };
}

/** Whether a store has the log that a mark is of (`reached`), has less (`behind`), or has another one (`other`). */
export type MarkState = 'reached' | 'behind' | 'other';

export async function compareWithMark(reads: StoreReads, mark: SignedHead): Promise<MarkState> {
  const latest = await reads.latestCheckpoint();
  if ((latest?.logLength ?? 0) < mark.logLength) return 'behind';
  // A store that was filled from another registry has no checkpoint of every length that was signed.
  const signed = await reads.checkpointAt(mark.logLength);
  if (signed !== undefined && signed.mapRoot !== mark.mapRoot) return 'other';
  return (await hadRoot(reads.logStore, mark)) === true ? 'reached' : 'other';
}

/**
 * Whether a log had this root when it had so many records.
 *
 * @returns undefined if it has fewer
 */
export async function hadRoot(
  logStore: LogStore,
  { logLength, logRoot }: Pick<SignedHead, 'logLength' | 'logRoot'>,
): Promise<boolean | undefined> {
  const log = await MerkleLog.open(logStore);
  return log.length < logLength ? undefined : digestFromBytes(await log.rootAt(logLength)) === logRoot;
}

/**
 * Looks which marks a store has not reached.
 *
 * @throws StoreError `STORE_ROLLED_BACK` if it is of another history than one of them
 */
export async function marksAhead(
  store: Pick<RegistryStore, 'read'>,
  marks: readonly HighWaterMark[],
): Promise<readonly HighWaterMark[]> {
  const ahead: HighWaterMark[] = [];
  for (const mark of marks) {
    const state = await store.read((reads) => compareWithMark(reads, mark));
    if (state === 'other') throw rolledBack(mark, 'other');
    if (state === 'behind') ahead.push(mark);
  }
  return ahead;
}

/**
 * Makes sure that a store has what is known to have been signed, before anything is signed behind it.
 *
 * @throws StoreError `STORE_ROLLED_BACK`
 */
export async function requireMarks(
  store: Pick<RegistryStore, 'read'>,
  marks: readonly (HighWaterMark | undefined)[],
): Promise<void> {
  const [ahead] = await marksAhead(
    store,
    marks.filter((mark) => mark !== undefined),
  );
  if (ahead === undefined) return;
  const latest = await store.read((reads) => reads.latestCheckpoint());
  throw rolledBack(ahead, latest?.logLength);
}

/** @param found how many records the store has; undefined if it is new */
export function rolledBack(
  { logLength, knownFrom }: Pick<HighWaterMark, 'logLength' | 'knownFrom'>,
  found: number | 'other' | undefined,
): StoreError {
  const has = found === undefined ? 'is new' : found === 'other' ? 'has other ones' : `has ${found} records`;
  const remedy =
    found === 'other'
      ? 'These are two histories, and no registry can go on with both: bring the store back that belongs to what was ' +
        'signed, or begin a new registry with a new operator key'
      : 'Bring the newest store back, or let the registry fetch what it lacks from one that has it, with --recover-from' +
        (found === undefined ? '. A registry of its own needs a --data-dir of its own' : '');
  return new StoreError(
    'STORE_ROLLED_BACK',
    `this registry has signed a log of ${logLength} records, as ${knownFrom} says, but its store ${has}: part of it was lost, ` +
      'or another copy was put in its place. Going on from there would contradict what clients have seen, and they would ' +
      `refuse the registry for ever. ${remedy}`,
  );
}
