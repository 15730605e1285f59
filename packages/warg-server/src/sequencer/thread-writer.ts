import { Worker } from 'node:worker_threads';
import { encodePrivateKey } from '@warg/crypto';
import type { RegistryLog, SequencingObserver } from '../registry/core-options.ts';
import { RegistryError, type RegistryErrorCode } from '../registry/errors.ts';
import { StoreError, type StoreErrorCode } from '../store/errors.ts';
import type { Operation, Outcome } from './operations.ts';
import type { KeySigner, OperatorSigner } from './signer.ts';
import type {
  Answer,
  ErrorMessage,
  FromThread,
  OperatorMessage,
  ThreadOptions,
  ToThread,
} from './thread-messages.ts';
import type { RegistryWriter } from './writer.ts';

interface Waiting {
  readonly resolve: (outcome: Outcome | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Starts a writer in a worker and waits until it is in service.
 *
 * @throws RegistryError | StoreError what the writer found
 */
export async function startThreadWriter(
  { signer, ...options }: Omit<ThreadOptions, 'operator'> & { readonly signer: OperatorSigner },
  log: RegistryLog,
  onFailure: (error: Error) => void,
  observer?: SequencingObserver,
): Promise<RegistryWriter> {
  // The same name with the ending that this file has itself: .ts from source, .js when it is built.
  const entry = import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js';
  const signers: OperatorSigner[] = [];
  const workerData: ThreadOptions = { ...options, operator: toOperator(signer, signers) };
  const worker = new Worker(new URL(entry, import.meta.url), {
    workerData,
    name: 'warg-writer',
    // What lives for one transaction is little; V8 would let it grow to many times that before it looks.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  const writer = new ThreadWriter(worker, log, onFailure, signers, observer);
  await writer.ready;
  return writer;
}

/** The near end of a writer in a worker. */
export class ThreadWriter implements RegistryWriter {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #log: RegistryLog;
  readonly #onFailure: (error: Error) => void;
  readonly #closed: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  /** Those that the thread asks for by number. */
  readonly #signers: OperatorSigner[];
  #outbox: { readonly id: number; readonly operation: Operation }[] = [];
  #lastId = 0;
  #failure: Error | undefined;
  #closing = false;
  #isReady = false;
  /** Whether the thread does nothing any more: it said that it cannot, or is gone. */
  #hasEnded = false;

  constructor(
    worker: Worker,
    log: RegistryLog,
    onFailure: (error: Error) => void,
    signers: OperatorSigner[] = [],
    observer?: SequencingObserver,
  ) {
    this.#signers = signers;
    this.#onFailure = onFailure;
    this.#worker = worker;
    this.#log = log;
    this.ready = new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'failed') reject(toError(message.error));
      });
      worker.on('exit', (code) => reject(new Error(`the writer's thread ended with code ${code}`)));
      worker.on('error', reject);
    });
    this.#closed = new Promise((resolve) => {
      worker.on('message', (message: FromThread) => {
        if (message.type === 'closed') resolve();
      });
      worker.on('exit', () => resolve());
    });
    worker.on('message', (message: FromThread) => {
      if (message.type === 'ready') this.#isReady = true;
      else if (message.type === 'outcomes') for (const answer of message.outcomes) this.#settle(answer);
      else if (message.type === 'sequenced') observer?.sequenced(message.pass);
      else if (message.type === 'sign') void this.#sign(message);
      else if (message.type === 'failed' && this.#isReady) {
        this.#hasEnded = true;
        this.#onFailure(toError(message.error));
      } else if (message.type === 'log') log[message.level](message.fields, message.message);
    });
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', (code) => {
      this.#hasEnded = true;
      if (this.#closing) this.#rejectWaiting(closedError());
      else this.#fail(new Error(`the writer's thread ended with code ${code}`));
    });
  }

  get sequences(): boolean {
    return this.#isReady && !this.#hasEnded;
  }

  async submit(operation: Operation): Promise<Outcome> {
    const outcome = await this.#ask((id) => {
      // What comes in one turn of the event loop travels together.
      if (this.#outbox.length === 0) setImmediate(() => this.#flush());
      this.#outbox.push({ id, operation });
    });
    return outcome!;
  }

  async useSigner(signer: OperatorSigner): Promise<void> {
    await this.#ask((id) =>
      this.#post({ type: 'useSigner', id, operator: toOperator(signer, this.#signers) }),
    );
  }

  async #sign({ id, signer, prefix, bytes }: Extract<FromThread, { type: 'sign' }>): Promise<void> {
    try {
      const signature = await this.#signers[signer]!.sign(prefix, bytes);
      this.#post({ type: 'signed', id, signature });
    } catch (error) {
      this.#post({ type: 'signed', id, error: String((error as Error)?.message ?? error) });
    }
  }

  #ask(send: (id: number) => void): Promise<Outcome | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closing) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#flush();
      this.#closing = true;
      this.#post({ type: 'close' });
    }
    await this.#closed;
    await this.#worker.terminate();
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    this.#post({ type: 'operations', operations: this.#outbox });
    this.#outbox = [];
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #settle({ id, outcome, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error !== undefined) waiting?.reject(toError(error));
    else waiting?.resolve(outcome);
  }

  /** The thread is gone: nobody knows what became of what it was doing, so nothing is promised any more. */
  #fail(cause: Error): void {
    // One that never got ready is told to whoever starts it.
    if (this.#failure !== undefined || !this.#isReady) return;
    this.#hasEnded = true;
    this.#failure = new StoreError(
      'STORE_WRITER_FAILED',
      `the writer failed: ${cause.message}; restart the server`,
      {
        cause,
      },
    );
    this.#log.error({ error: String(cause.stack ?? cause) }, 'the writer failed');
    this.#rejectWaiting(this.#failure);
    this.#onFailure(this.#failure);
  }

  #rejectWaiting(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** A key goes to the thread; any other signer stays here, and the thread asks for it by its number. */
function toOperator(signer: OperatorSigner, signers: OperatorSigner[]): OperatorMessage {
  const { key } = signer as Partial<KeySigner>;
  if (key !== undefined) return { type: 'key', key: encodePrivateKey(key) };
  return { type: 'signer', number: signers.push(signer) - 1, publicKey: signer.publicKey };
}

function closedError(): StoreError {
  return new StoreError('STORE_CLOSED', 'the registry is being closed');
}

function toError({ kind, code, message, stack }: ErrorMessage): Error {
  const error =
    kind === 'registry'
      ? new RegistryError(code as RegistryErrorCode, message)
      : kind === 'store'
        ? new StoreError(code as StoreErrorCode, message)
        : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
