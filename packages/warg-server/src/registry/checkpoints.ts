import { encodeSignedCheckpoint } from '@warg/protocol';
import { checkpointNotFound } from '@warg/protocol/api';
import type { RegistryStore } from '../store/registry-store.ts';
import type { StoredCheckpoint } from '../store/rows.ts';
import { signedCheckpoint } from '../store/signed-checkpoint.ts';
import type { CheckpointAnswer, WireInteger } from './registry.ts';

/** How many checkpoints of older lengths are kept in memory. */
const KEPT = 1000;

/** Reads checkpoints, and keeps what will be asked for again. */
export class Checkpoints {
  readonly #store: RegistryStore;
  #latest: { readonly revision: number; readonly checkpoint: StoredCheckpoint } | undefined;
  #asked: Promise<CheckpointAnswer> | undefined;
  #answer: { readonly of: StoredCheckpoint; readonly answer: CheckpointAnswer } | undefined;
  /** By length. Only those that are not the newest: they do not change any more. */
  readonly #older = new Map<number, StoredCheckpoint>();

  constructor(store: RegistryStore) {
    this.#store = store;
  }

  async latest(): Promise<StoredCheckpoint> {
    const revision = await this.#store.revision();
    if (this.#latest?.revision === revision) return this.#latest.checkpoint;
    const checkpoint = await this.#store.read((reads) => reads.latestCheckpoint());
    if (checkpoint === undefined) throw new Error('the store has no checkpoint');
    // What was committed since `revision` was asked for makes the next call look again, no more.
    this.#latest = { revision, checkpoint };
    return checkpoint;
  }

  /** Whether a checkpoint was the newest when that was asked for last. */
  isNewest(checkpoint: StoredCheckpoint): boolean {
    return this.#latest?.checkpoint === checkpoint;
  }

  /** Looks once for all who ask in one turn of the event loop, behind the last of them: nobody gets what was there before. */
  latestAnswer(): Promise<CheckpointAnswer> {
    this.#asked ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#asked = undefined;
      return this.#latestAnswer();
    });
    return this.#asked;
  }

  async #latestAnswer(): Promise<CheckpointAnswer> {
    const checkpoint = await this.latest();
    if (this.#answer?.of.signature !== checkpoint.signature) {
      this.#answer = { of: checkpoint, answer: toAnswer(checkpoint) };
    }
    return this.#answer!.answer;
  }

  async answerAt(logLength: WireInteger): Promise<CheckpointAnswer> {
    return toAnswer(await this.at(logLength, 'logs'));
  }

  /** @throws ApiError 404 `logLength` */
  async at(logLength: WireInteger, asked: 'logs' | 'proof'): Promise<StoredCheckpoint> {
    const latest = await this.latest();
    if (latest.logLength === logLength) return latest;
    if (logLength > latest.logLength) throw checkpointNotFound(logLength, asked);
    const length = Number(logLength);
    const kept = this.#older.get(length);
    if (kept !== undefined) return kept;
    const checkpoint = await this.#store.read((reads) => reads.checkpointAt(length));
    if (checkpoint === undefined) throw checkpointNotFound(logLength, asked);
    if (this.#older.size >= KEPT) this.#older.delete(this.#older.keys().next().value!);
    this.#older.set(length, checkpoint);
    return checkpoint;
  }
}

function toAnswer(stored: StoredCheckpoint): CheckpointAnswer {
  const checkpoint = signedCheckpoint(stored);
  return { checkpoint, json: encodeSignedCheckpoint(checkpoint), sequence: stored.sequence };
}
