import { parentPort, workerData } from 'node:worker_threads';
import { parsePrivateKey, type Signature } from '@warg/crypto';
import { vouchForVerified } from '@warg/protocol';
import { parseLogKey } from '../log-note/log-key.ts';
import type { RegistryLog } from '../registry/core-options.ts';
import { systemClock } from '../registry/defaults.ts';
import { RegistryError } from '../registry/errors.ts';
import { StoreError } from '../store/errors.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { headFile } from './head-file.ts';
import type { Operation, Outcome } from './operations.ts';
import { keySigner, type OperatorSigner } from './signer.ts';
import { startWriter } from './start-writer.ts';
import type {
  Answer,
  ErrorMessage,
  FromThread,
  OperatorMessage,
  ThreadOptions,
  ToThread,
} from './thread-messages.ts';
import type { Writer } from './writer.ts';

// The entry of the worker that has the writing connection: SQLite blocks the thread that waits for the disk, and
// sequencing hashes and signs.

const port = parentPort!;
const options = workerData as ThreadOptions;

function post(message: FromThread): void {
  port.postMessage(message);
}

function toMessage(error: unknown): ErrorMessage {
  const kind = error instanceof RegistryError ? 'registry' : error instanceof StoreError ? 'store' : 'other';
  const { code, message, stack } = error as { code?: string; message?: string; stack?: string };
  return { kind, code: code ?? '', message: message ?? String(error), stack };
}

function logTo(level: 'debug' | 'info' | 'warn' | 'error') {
  return (fields: Record<string, unknown>, message: string) => post({ type: 'log', level, fields, message });
}

const log: RegistryLog = {
  debug: logTo('debug'),
  info: logTo('info'),
  warn: logTo('warn'),
  error: logTo('error'),
};

let answers: Answer[] = [];

/** Outcomes of one transaction come in one turn, and travel together. */
function answer(message: Answer): void {
  if (answers.length === 0) {
    queueMicrotask(() => {
      // Promises of one group settle in one go; the microtask behind this one sees them all.
      queueMicrotask(() => {
        post({ type: 'outcomes', outcomes: answers });
        answers = [];
      });
    });
  }
  answers.push(message);
}

/** What was asked of a signer that is not in this thread, by number. */
const signing = new Map<number, (answer: Extract<ToThread, { type: 'signed' }>) => void>();
let lastSigning = 0;

port.on('message', (message: ToThread) => {
  if (message.type !== 'signed') return;
  signing.get(message.id)?.(message);
  signing.delete(message.id);
});

function toSigner(operator: OperatorMessage): OperatorSigner {
  if (operator.type === 'key') return keySigner(parsePrivateKey(operator.key));
  const { number, publicKey } = operator;
  return {
    publicKey,
    sign: (prefix, bytes) =>
      new Promise<Signature>((resolve, reject) => {
        const id = ++lastSigning;
        signing.set(id, ({ signature, error }) => {
          if (signature === undefined) reject(new Error(error));
          else resolve(signature);
        });
        post({ type: 'sign', id, signer: number, prefix, bytes });
      }),
  };
}

function settle(id: number, work: Promise<Outcome | undefined>): void {
  work.then(
    (outcome) => answer({ id, outcome }),
    (error) => answer({ id, error: toMessage(error) }),
  );
}

/** The thread that sent it has verified the signature; on the way here the proof has become a copy. */
function vouched(operation: Operation): Operation {
  if (operation.type !== 'accept' || operation.verified === undefined) return operation;
  return { ...operation, verified: vouchForVerified(operation.verified) };
}

function serve(store: RegistryStore, writer: Writer): void {
  port.on('message', (message: ToThread) => {
    switch (message.type) {
      case 'operations':
        for (const { id, operation } of message.operations) settle(id, writer.submit(vouched(operation)));
        return;
      case 'useSigner':
        settle(
          message.id,
          writer.useSigner(toSigner(message.operator)).then(() => undefined),
        );
        return;
      case 'close':
        void close(store, writer);
        return;
    }
  });
  post({ type: 'ready' });
}

async function close(store: RegistryStore, writer: Writer): Promise<void> {
  try {
    await writer.close();
    await store.close();
  } catch (error) {
    log.error({ error: String((error as Error).stack ?? error) }, 'cannot close the store');
  }
  // Answers that are still on their way go first: messages keep their order.
  setImmediate(() => {
    post({ type: 'closed' });
    port.close();
  });
}

try {
  const { file, operator, logKey, namespaces, limits, resignInterval } = options;
  const store = openSqliteStore(file);
  try {
    const writer = await startWriter({
      store,
      signer: toSigner(operator),
      logKey: logKey === undefined ? undefined : parseLogKey(logKey),
      namespaces,
      clock: systemClock,
      limits,
      resignInterval,
      log,
      memory: headFile(`${file}.head`),
      onFailure: (error) => post({ type: 'failed', error: toMessage(error) }),
      observer: { sequenced: (pass) => post({ type: 'sequenced', pass }) },
    });
    serve(store, writer);
  } catch (error) {
    await store.close();
    throw error;
  }
} catch (error) {
  post({ type: 'failed', error: toMessage(error) });
  // Nothing else keeps this thread from its end.
  port.close();
}
