import type { RecordId, VerifiedSignature } from '@warg/protocol';

/** Most proofs that are kept: records that wait longer than that for their content are verified again. */
const MOST = 4096;

/**
 * The signatures that this process verified when it accepted records, until it sequences them. It is a memory, not an
 * authority: the fold looks whether a proof is of the record, key and signature that it has before it.
 */
export class VerifiedRecords {
  readonly #proofs = new Map<RecordId, VerifiedSignature>();

  add(proof: VerifiedSignature): void {
    // Added anew, it is the youngest.
    this.#proofs.delete(proof.recordId);
    if (this.#proofs.size >= MOST) this.#proofs.delete(this.#proofs.keys().next().value!);
    this.#proofs.set(proof.recordId, proof);
  }

  of(recordId: RecordId): VerifiedSignature | undefined {
    return this.#proofs.get(recordId);
  }

  /** Told when a record was sequenced. */
  forget(recordId: RecordId): void {
    this.#proofs.delete(recordId);
  }

  get size(): number {
    return this.#proofs.size;
  }
}
