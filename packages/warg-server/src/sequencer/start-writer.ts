import type { PrivateKey } from '@warg/crypto';
import type { LogKey } from '../log-note/log-key.ts';
import type { Clock, NamespaceDefinition, RegistryLog } from '../registry/registry.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { type HeadMemory, requireHead } from './head-file.ts';
import type { WriterLimits } from './operations.ts';
import { ensureOperatorLog } from './operator-log.ts';
import { Sequencer } from './sequencer.ts';
import { keySigner } from './signer.ts';
import { Writer } from './writer.ts';

export interface StartWriterOptions {
  readonly store: RegistryStore;
  readonly operatorKey: PrivateKey;
  readonly logKey?: LogKey | undefined;
  readonly namespaces: readonly NamespaceDefinition[];
  readonly clock: Clock;
  readonly limits: WriterLimits;
  readonly resignInterval: number;
  readonly log: RegistryLog;
  /** Where is noted what was signed last; a store that will be gone needs none. */
  readonly memory?: HeadMemory | undefined;
}

/**
 * Brings a store into service: the operator log is as asked for, what waited too long is expired, and the newest
 * checkpoint is fresh. What an earlier process accepted and did not sequence is taken up at once.
 *
 * @throws RegistryError | StoreError
 */
export async function startWriter(options: StartWriterOptions): Promise<Writer> {
  const { store, operatorKey, logKey, clock, limits, resignInterval, log, memory } = options;
  if (memory !== undefined) await requireHead(store, memory);
  const sequencer = new Sequencer({ store, signer: keySigner(operatorKey), logKey, clock, log, memory });
  await ensureOperatorLog(sequencer, options);
  await sequencer.renote();
  const writer = new Writer({ store, sequencer, clock, limits, resignInterval, log });
  await writer.tick();
  return writer;
}
