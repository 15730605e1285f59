import { tmpdir } from 'node:os';
import type { HeadMemory } from '../sequencer/head-file.ts';
import { type HighWaterMark, markOf, marksAhead, requireMarks } from '../sequencer/high-water.ts';
import type { RegistryWriter } from '../sequencer/writer.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { markOfCheckpoint } from './after-checkpoint.ts';
import type { RegistryCoreOptions } from './core-options.ts';
import { silentLog } from './defaults.ts';
import { HeldWriter } from './held-writer.ts';
import { recover } from './recovery.ts';
import { requireSigner } from './require-signer.ts';

/** The reading and the writing side of a registry. */
export interface Sides {
  /** Where questions go. */
  readonly store: RegistryStore;
  readonly writer: RegistryWriter;
  /** Closes both, the writer first. */
  readonly close: () => Promise<void>;
}

/** A store that nobody writes to yet. */
export interface OpenStore {
  readonly store: RegistryStore;
  /** Where is noted what was signed last; a store that will be gone needs none. */
  readonly memory: HeadMemory | undefined;
  /** Where questions go: the store, or another connection that goes on when the store is closed. */
  readonly reader: () => RegistryStore;
  /** Starts to write. The store itself may be closed by that. */
  readonly startWriter: () => Promise<RegistryWriter>;
}

/**
 * Brings a store into service that has everything which is known to have been signed. One that lacks some of it is served
 * for reading, until it has got that back.
 *
 * @throws StoreError `STORE_ROLLED_BACK` if it is of another history, or empty and nobody says where the records are
 */
export async function openWithMarks(open: OpenStore, options: RegistryCoreOptions): Promise<Sides> {
  const { store, memory } = open;
  try {
    const marks = await marksOf(open, options);
    const ahead = await marksAhead(store, marks);
    if (ahead.length === 0) return await openWritable(open);
    // A mark that was given holds at every start from now on.
    const longest = marks.reduce((a, b) => (b.logLength > a.logLength ? b : a));
    memory?.write(longest);
    const isEmpty = (await store.read((reads) => reads.latestCheckpoint())) === undefined;
    if (!isEmpty) return openHeld(open, marks, options);
    // There is nothing to be read yet.
    if (options.restore?.recoverFrom === undefined) await requireMarks(store, marks);
    await recover(recoveryOf(open, marks, options, options.signal ?? new AbortController().signal));
    return await openWritable(open);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function marksOf({ store, memory }: OpenStore, options: RegistryCoreOptions): Promise<HighWaterMark[]> {
  const noted = memory && markOf(memory);
  const given = options.restore?.afterCheckpoint;
  return [
    ...(noted === undefined ? [] : [noted]),
    ...(given === undefined ? [] : [await markOfCheckpoint(store, given, requireSigner(options).publicKey)]),
  ];
}

async function openWritable({ reader, startWriter }: OpenStore): Promise<Sides> {
  const writer = await startWriter();
  try {
    const store = reader();
    return { store, writer, close: () => closeBoth(writer, store) };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** Serves what is there, and takes records once everything is: fetched back, or brought back by another process. */
function openHeld(open: OpenStore, marks: readonly HighWaterMark[], options: RegistryCoreOptions): Sides {
  const { log = silentLog, onFailure = () => {}, restore } = options;
  const store = open.reader();
  const writer = new HeldWriter();
  const stop = new AbortController();
  const wanted = Math.max(...marks.map(({ logLength }) => logLength));
  const facts = { signed: wanted, recoverFrom: restore?.recoverFrom };
  log.warn(
    facts,
    'the store lacks records that were signed: the registry answers from what it has, and takes nothing',
  );
  const recovery = (async () => {
    await recover(recoveryOf(open, marks, options, stop.signal));
    writer.release(await open.startWriter());
    log.info(
      { signed: wanted },
      'the store has everything that was signed: the registry takes records again',
    );
  })().catch((error) => {
    if (stop.signal.aborted) return;
    log.error(
      { error: String((error as Error).message ?? error) },
      'the registry stays as it is: it cannot be recovered',
    );
    // What cannot be recovered is served for reading for ever; a writer that does not start is another matter.
    if (!isHistory(error)) onFailure(error as Error);
  });
  return {
    store,
    writer,
    close: async () => {
      stop.abort();
      await recovery;
      await writer.close();
      await open.store.close();
      await store.close();
    },
  };
}

function isHistory(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    code === 'IMPORT_OTHER_HISTORY' || code === 'IMPORT_OPERATOR_MISMATCH' || code === 'STORE_ROLLED_BACK'
  );
}

function recoveryOf(
  { store }: OpenStore,
  marks: readonly HighWaterMark[],
  options: RegistryCoreOptions,
  signal: AbortSignal,
) {
  const { log = silentLog, restore } = options;
  return {
    store,
    marks,
    url: restore?.recoverFrom,
    token: restore?.recoverToken,
    operatorKey: requireSigner(options).publicKey,
    spoolDir: restore?.spoolDir ?? tmpdir(),
    signal,
    log,
  };
}

export async function closeBoth(writer: RegistryWriter, store: RegistryStore): Promise<void> {
  await writer.close();
  await store.close();
}
