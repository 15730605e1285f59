import { concatBytes, digestFromBytes, digestToBytes, equalBytes, isDigest } from '@warg/crypto';
import { type LogId, mapKeyBytes, mapLeafBytes, OPERATOR_LOG_ID } from '@warg/protocol';
import {
  type ApiError,
  bundleFailure,
  checkpointNotFound,
  incorrectProof,
  leafNotFound,
  logNotFound,
} from '@warg/protocol/api';
import {
  decodeMapBundle,
  evaluateMapBundle,
  hashLeaf,
  type MapRoot,
  MerkleLog,
  MerkleMap,
  TransparencyError,
} from '@warg/transparency';
import type { RegistryStore, StoreReads } from '../store/registry-store.ts';
import type { StoredCheckpoint } from '../store/rows.ts';
import { Turns } from '../store/turns.ts';
import type { Checkpoints } from './checkpoints.ts';
import { KeptProofs } from './kept-proofs.ts';
import { Leaves } from './leaves.ts';
import type { InclusionAnswer, WireInteger } from './registry.ts';
import { PROVING_CACHES } from './tree-caches.ts';

/** How many leaves or logs are looked after in one turn of the event loop. */
const PORTION = 256;

interface Trees {
  readonly log: MerkleLog;
  readonly map: MerkleMap;
}

/** Makes proofs from tiles and pages. Its trees only read; they see what was committed. */
export class Proofs {
  readonly #store: RegistryStore;
  readonly #checkpoints: Checkpoints;
  readonly #leaves = new Leaves();
  readonly #kept = new KeptProofs();
  #trees: Trees | undefined;
  readonly #turns = new Turns();

  constructor(store: RegistryStore, checkpoints: Checkpoints) {
    this.#store = store;
    this.#checkpoints = checkpoints;
  }

  async inclusion(logLength: WireInteger, leafs: readonly WireInteger[]): Promise<InclusionAnswer> {
    const checkpoint = await this.#checkpoints.at(logLength, 'proof');
    if (leafs.length === 0) throw bundleFailure('expected at least one leaf to prove, found none');
    for (const leaf of leafs) if (leaf >= checkpoint.logLength) throw leafNotFound(leaf);
    const indices = leafs.map(Number);
    if (!this.#checkpoints.isNewest(checkpoint)) return this.#inclusion(checkpoint, indices);
    const kept = this.#kept.inclusion(checkpoint.logLength, indices);
    if (kept !== undefined) return kept;
    const proof = await this.#inclusion(checkpoint, indices);
    this.#kept.keepInclusion(checkpoint.logLength, indices, proof);
    return proof;
  }

  #inclusion(checkpoint: StoredCheckpoint, indices: readonly number[]): Promise<InclusionAnswer> {
    return this.#atCheckpoint(checkpoint, indices.length, async () => {
      const map = await this.#inPortions(indices, async (portion, reads, trees) => {
        const leaves = await this.#leaves.at(reads, portion);
        const proof = await trees.map.proveEntries(
          rootOf(checkpoint),
          leaves.map(({ path }) => path),
        );
        for (const [position, { leafHash }] of leaves.entries()) {
          if (equalBytes(leafHash, proof.leafHashes[position]!)) continue;
          await requireHead(reads, checkpoint, portion[position]!, proof.bundle, position);
        }
        return proof.bundle;
      });
      const log = await this.#read((_, trees) =>
        trees.log.prove({ length: checkpoint.logLength, leaves: indices }),
      );
      return { log, map };
    });
  }

  async head(logLength: WireInteger, logId: LogId): Promise<InclusionAnswer> {
    const checkpoint = await this.#checkpoints.at(logLength, 'logs');
    const [index] = await this.#store.read((reads) =>
      reads.lastIndexBelow([{ logId, logLength: checkpoint.logLength }]),
    );
    if (index === undefined) throw logNotFound(logId);
    return this.inclusion(logLength, [index]);
  }

  async consistency(from: WireInteger, to: WireInteger): Promise<Uint8Array> {
    const latest = await this.#checkpoints.latest();
    if (to > latest.logLength) throw checkpointNotFound(to, 'proof');
    if (from > to) throw bundleFailure(`expected \`from\` to be at most \`to\` (${to}), found ${from}`);
    // Every log begins with the empty log; there is nothing to prove, and the wire has no form for it.
    if (Number(from) === 0) throw bundleFailure('expected `from` to be at least 1, found 0');
    const key = `${from} ${to}`;
    const kept = this.#kept.consistency.get(key);
    if (kept !== undefined) return kept;
    const proof = await this.#read((_, { log }) => log.prove({ length: Number(to), from: [Number(from)] }));
    this.#kept.consistency.set(key, proof);
    return proof;
  }

  async absence(logLength: WireInteger, logIds: readonly string[]): Promise<Uint8Array> {
    const checkpoint = await this.#checkpoints.at(logLength, 'proof');
    if (logIds.length === 0) throw bundleFailure('expected at least one log id, found none');
    for (const id of logIds) if (!isDigest(id)) throw bundleFailure('expected log ids of 64 hex digits');
    const ids = logIds as readonly LogId[];
    return this.#atCheckpoint(checkpoint, ids.length, () =>
      this.#inPortions(ids, async (portion, reads, { map }) => {
        const last = await reads.lastIndexBelow(
          portion.map((logId) => ({ logId, logLength: checkpoint.logLength })),
        );
        const present = last.findIndex((index) => index !== undefined);
        if (present >= 0) {
          const what = portion[present] === OPERATOR_LOG_ID ? 'the operator log' : `log ${portion[present]}`;
          throw bundleFailure(`${what} is not absent: it has a record at log length ${checkpoint.logLength}`);
        }
        return map.proveAbsence(
          rootOf(checkpoint),
          portion.map((logId) => mapKeyBytes(logId)),
        );
      }),
    );
  }

  /**
   * What is proved with the map.
   *
   * @throws ApiError 404 `logLength` if the map of that checkpoint is not kept any more
   */
  async #atCheckpoint<T>({ logLength }: StoredCheckpoint, size: number, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#inTurn(size, work);
    } catch (error) {
      if (!(error instanceof TransparencyError) || error.code !== 'PAGE_NOT_FOUND') throw error;
      // That of the newest is always kept: without it the store is damaged.
      if (logLength === (await this.#checkpoints.latest()).logLength) throw error;
      throw checkpointNotFound(logLength, 'proof');
    }
  }

  /** One large proof at a time, so that many of them take no more memory and no more of the others' time than one. */
  #inTurn<T>(size: number, work: () => Promise<T>): Promise<T> {
    return size <= PORTION ? work() : this.#turns.take(work);
  }

  /** The map bundle of many, made piece by piece: between two pieces others get their turn. */
  async #inPortions<T>(
    items: readonly T[],
    prove: (portion: readonly T[], reads: StoreReads, trees: Trees) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const bundles: Uint8Array[] = [];
    for (let first = 0; first < items.length; first += PORTION) {
      if (first > 0) await new Promise((resolve) => setImmediate(resolve));
      const portion = items.slice(first, first + PORTION);
      bundles.push(await this.#read((reads, trees) => prove(portion, reads, trees)));
    }
    // A bundle is a list of proofs and nothing else, and protobuf joins the lists of messages that are put together.
    return bundles.length === 1 ? bundles[0]! : concatBytes(...bundles);
  }

  #read<T>(work: (reads: StoreReads, trees: Trees) => Promise<T>): Promise<T> {
    return this.#store.read(async (reads) => {
      this.#trees ??= {
        log: await MerkleLog.open(reads.logStore, PROVING_CACHES.log),
        map: await MerkleMap.open(reads.mapStore, PROVING_CACHES.map),
      };
      try {
        return await work(reads, this.#trees);
      } catch (error) {
        throw asRefusal(error);
      }
    });
  }
}

function rootOf({ mapRoot, mapPage }: StoredCheckpoint): MapRoot {
  return { hash: digestToBytes(mapRoot), page: mapPage };
}

/**
 * Refuses a leaf whose log has a later record at the checkpoint: the map points at that one. The error names the root that the
 * proof would lead to.
 *
 * @param mapBundle with the proof of the leaf at `position`
 * @throws ApiError 422
 */
async function requireHead(
  reads: StoreReads,
  { mapRoot, logLength }: StoredCheckpoint,
  leaf: number,
  mapBundle: Uint8Array,
  position: number,
): Promise<void> {
  const [record] = await reads.leavesAt([leaf]);
  const { logId, recordId } = record!;
  const [head] = await reads.lastIndexBelow([{ logId, logLength }]);
  // What a page says of a leaf is not vouched for by the root. The proof is, and who verifies it sees whether it is true.
  if (head === leaf) return;
  const entry = { key: mapKeyBytes(logId), leafHash: hashLeaf(mapLeafBytes(recordId)) };
  const [result] = evaluateMapBundle([decodeMapBundle(mapBundle)[position]!], [entry]);
  throw result!.ok ? incorrectProof(mapRoot, digestFromBytes(result!.root)) : result!.error;
}

/** What a tree refuses because of what was asked is the asker's error; a damaged store is ours. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof TransparencyError)) return error;
  switch (error.code) {
    case 'EMPTY_PROOF':
    case 'LEAF_BEYOND_LOG':
    case 'LENGTHS_OUT_OF_ORDER':
    case 'LENGTHS_DIFFER':
    case 'LENGTH_BEYOND_LOG':
    case 'KEY_FOUND':
    case 'KEY_NOT_FOUND':
      return bundleFailure(error.message) satisfies ApiError;
    default:
      return error;
  }
}
