import type { Operation, Outcome } from '../sequencer/operations.ts';
import type { OperatorSigner } from '../sequencer/signer.ts';
import type { RegistryWriter } from '../sequencer/writer.ts';
import { StoreError } from '../store/errors.ts';

/** Stands in for the writer of a registry that lacks what it has signed: takes nothing until there is one. */
export class HeldWriter implements RegistryWriter {
  #writer: RegistryWriter | undefined;

  get isHeld(): boolean {
    return this.#writer === undefined;
  }

  get sequences(): boolean {
    return this.#writer?.sequences ?? false;
  }

  /** From now on this one is written through. */
  release(writer: RegistryWriter): void {
    this.#writer = writer;
  }

  /** @throws StoreError `STORE_READ_ONLY` */
  requireWritable(): void {
    this.#require();
  }

  async submit(operation: Operation): Promise<Outcome> {
    // That a token was used is no reason to complain.
    if (this.isHeld && operation.type === 'tokenUsed') return { type: 'notFound' };
    return this.#require().submit(operation);
  }

  async useSigner(signer: OperatorSigner): Promise<void> {
    await this.#require().useSigner(signer);
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }

  #require(): RegistryWriter {
    if (this.#writer !== undefined) return this.#writer;
    throw new StoreError(
      'STORE_READ_ONLY',
      'the registry has not got back everything that it has signed, and takes nothing until it has',
    );
  }
}
