import type { PrivateKey } from '@warg/crypto';
import type { Clock, NamespaceDefinition, RegistryLog } from '../registry/registry.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { WriterLimits } from './operations.ts';
import { ensureOperatorLog } from './operator-log.ts';
import { Sequencer } from './sequencer.ts';
import { keySigner } from './signer.ts';
import { Writer } from './writer.ts';

export interface StartWriterOptions {
  readonly store: RegistryStore;
  readonly operatorKey: PrivateKey;
  readonly namespaces: readonly NamespaceDefinition[];
  readonly clock: Clock;
  readonly limits: WriterLimits;
  readonly resignInterval: number;
  readonly log: RegistryLog;
}

/**
 * Brings a store into service: the operator log is as asked for, what waited too long is expired, and the newest
 * checkpoint is fresh. What an earlier process accepted and did not sequence is taken up at once.
 *
 * @throws RegistryError | StoreError
 */
export async function startWriter(options: StartWriterOptions): Promise<Writer> {
  const { store, operatorKey, clock, limits, resignInterval, log } = options;
  const sequencer = new Sequencer({ store, signer: keySigner(operatorKey), clock, log });
  await ensureOperatorLog(sequencer, options);
  const writer = new Writer({ store, sequencer, clock, limits, resignInterval, log });
  await writer.tick();
  return writer;
}
