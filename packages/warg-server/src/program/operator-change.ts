import { keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import { maySignCheckpoints, type RecordId } from '@warg/protocol';
import type { OperatorChange } from '../operator/changes.ts';
import { readOperatorLog } from '../operator/operator-state.ts';
import { submitOperatorRecord } from '../operator/submit-record.ts';
import { silentLog, systemClock } from '../registry/defaults.ts';
import { headFile } from '../sequencer/head-file.ts';
import { markOf, requireMarks } from '../sequencer/high-water.ts';
import { soleLeadership } from '../sequencer/leadership.ts';
import { Sequencer } from '../sequencer/sequencer.ts';
import { keySigner } from '../sequencer/signer.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { RecordKey } from '../store/rows.ts';
import { type FileLock, lockStore } from '../store/sqlite/lock.ts';
import type { Administration } from './administration.ts';
import { ProgramError } from './program-error.ts';

/** How long is waited for a server to sequence a record, ms. */
const PATIENCE = 15_000;
const POLL = 50;

/** A record of the operator log that was published. */
export interface PublishedChange {
  readonly recordId: RecordId;
  readonly registryIndex: number;
}

/**
 * Changes the operator log of a registry: leaves a record to the server that runs, and waits until it is published. Where no
 * server has an SQLite file open the record is sequenced here, if its key may sign checkpoints.
 *
 * @param key signs the record
 * @throws ProgramError if the record is rejected, or if nobody sequences it
 * @throws RegistryError `OPERATOR_RECORD_REFUSED` | `OPERATOR_KEY_IN_USE`; nothing was written then
 */
export async function changeOperatorLog(
  administration: Administration,
  key: PrivateKey,
  change: OperatorChange,
  patience = PATIENCE,
): Promise<PublishedChange> {
  const { store, file, actor } = administration;
  const lock = file === undefined ? undefined : lockIfFree(file);
  try {
    const keyId = keyIdOf(publicKeyOf(key));
    const signsHere = lock !== undefined && (await maySign(store, keyId));
    const signer = signsHere ? keyId : undefined;
    const record = await store.transaction((transaction) =>
      submitOperatorRecord(transaction, { change, key, actor, now: Date.now(), signer }),
    );
    if (signsHere) await sequenceHere(store, `${file}.head`, key);
    return await settled(store, record, lock === undefined ? patience : 0);
  } finally {
    lock?.release();
  }
}

function lockIfFree(file: string): FileLock | undefined {
  try {
    return lockStore(file);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'STORE_LOCKED') return undefined;
    throw error;
  }
}

function maySign(store: RegistryStore, keyId: string): Promise<boolean> {
  return store.read(async (reads) => maySignCheckpoints((await readOperatorLog(reads)).state, keyId));
}

async function sequenceHere(store: RegistryStore, memoryFile: string, key: PrivateKey): Promise<void> {
  const memory = headFile(memoryFile);
  await requireMarks(store, [markOf(memory)]);
  const leadership = soleLeadership();
  const sequencer = new Sequencer({
    store,
    signer: keySigner(key),
    clock: systemClock,
    log: silentLog,
    memory,
    leadership,
  });
  while ((await sequencer.pass()).more);
}

async function settled(store: RegistryStore, key: RecordKey, patience: number): Promise<PublishedChange> {
  const giveUp = performance.now() + patience;
  for (;;) {
    const [record] = await store.read((reads) => reads.findRecords([key]));
    if (record?.state === 'published') {
      return { recordId: key.recordId, registryIndex: record.registryIndex! };
    }
    if (record?.state === 'rejected') {
      throw new ProgramError(`the registry rejected the record ${key.recordId}: ${record.reason}`);
    }
    if (performance.now() >= giveUp) {
      throw new ProgramError(
        `the record ${key.recordId} is stored, but no server has published it yet: start one, or see why it does not. ` +
          'The record need not be made again',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}
