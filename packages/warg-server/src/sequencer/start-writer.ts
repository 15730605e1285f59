import type { LogKey } from '../log-note/log-key.ts';
import type {
  Clock,
  NamespaceDefinition,
  RegistryLog,
  SequencingObserver,
} from '../registry/core-options.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import type { HeadMemory } from './head-file.ts';
import { markOf, requireMarks } from './high-water.ts';
import { type Leadership, noLeadership, soleLeadership } from './leadership.ts';
import type { WriterLimits } from './operations.ts';
import { ensureOperatorLog } from './operator-log.ts';
import { Sequencer } from './sequencer.ts';
import type { OperatorSigner } from './signer.ts';
import { Writer } from './writer.ts';

export interface StartWriterOptions {
  readonly store: RegistryStore;
  readonly signer: OperatorSigner;
  readonly logKey?: LogKey | undefined;
  readonly namespaces: readonly NamespaceDefinition[];
  readonly clock: Clock;
  readonly limits: WriterLimits;
  readonly resignInterval: number;
  readonly log: RegistryLog;
  /** Where is noted what was signed last; a store that will be gone needs none. */
  readonly memory?: HeadMemory | undefined;
  /** Told once if the store has lost what was signed. */
  readonly onFailure?: ((error: Error) => void) | undefined;
  readonly observer?: SequencingObserver | undefined;
  /** Closed with the writer. By default this process sequences without asking anybody. */
  readonly leadership?: Leadership | undefined;
}

/**
 * Brings a store into service: the operator log is as asked for, what waited too long is expired, and the newest
 * checkpoint is fresh. What an earlier process accepted and did not sequence is taken up at once.
 *
 * @throws RegistryError | StoreError
 */
export async function startWriter(options: StartWriterOptions): Promise<Writer> {
  const { store, signer, logKey, clock, limits, resignInterval, log, memory } = options;
  const { leadership = soleLeadership(), onFailure } = options;
  try {
    if (memory !== undefined) await requireMarks(store, [markOf(memory)]);
    const sequencer = new Sequencer({ store, signer, logKey, clock, log, memory, leadership });
    await ensureOperatorLog(sequencer, options);
    await sequencer.renote();
    const { observer } = options;
    const writer = new Writer({
      store,
      sequencer,
      leadership,
      clock,
      limits,
      resignInterval,
      log,
      observer,
      onFailure,
    });
    await writer.tick();
    return writer;
  } catch (error) {
    await leadership.close();
    throw error;
  }
}

/** A writer for a process that accepts records and leaves it to others to sequence them. */
export function startAcceptor(
  options: Pick<StartWriterOptions, 'store' | 'clock' | 'limits' | 'log'>,
): Writer {
  return new Writer({ ...options, sequencer: undefined, leadership: noLeadership(), resignInterval: 0 });
}
