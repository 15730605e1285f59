import {
  type Envelope,
  emptyOperatorState,
  OPERATOR_LOG_ID,
  type OperatorState,
  type RecordId,
  ValidationError,
  validateOperator,
  validateOperatorLog,
} from '@warg/protocol';
import type { StoreReads } from '../store/registry-store.ts';

/** Most records that are read at once. */
const PAGE = 1000;

/** The operator log as it stands: what its records add up to, and how many there are. */
export interface OperatorLog {
  readonly state: OperatorState;
  readonly length: number;
  /** The first of them, by which the log is known for ever; undefined if there is none. */
  readonly first: { readonly recordId: RecordId; readonly keyId: string } | undefined;
}

/**
 * Folds the published records of the operator log.
 *
 * @param below only those with a lower registry index: the log as it was at a checkpoint of that length
 */
export async function readOperatorLog(
  reads: StoreReads,
  below = Number.MAX_SAFE_INTEGER,
): Promise<OperatorLog> {
  let state = emptyOperatorState;
  let length = 0;
  let first: OperatorLog['first'];
  for (let from = 0; ; ) {
    const [page = []] = await reads.published([{ logId: OPERATOR_LOG_ID, from, below, limit: PAGE }]);
    state = validateOperatorLog(
      state,
      page.map(({ envelope }) => envelope),
    );
    length += page.length;
    if (page[0] !== undefined) first ??= { recordId: page[0].recordId, keyId: page[0].envelope.keyId };
    if (page.length < PAGE) return { state, length, first };
    from = page.at(-1)!.registryIndex + 1;
  }
}

/** The state behind the records that wait to be sequenced, too; those that will be rejected count for nothing. */
export function behindWaiting(state: OperatorState, waiting: readonly Envelope[]): OperatorState {
  return waiting.reduce((before, envelope) => {
    try {
      return validateOperator(before, envelope);
    } catch (error) {
      if (error instanceof ValidationError) return before;
      throw error;
    }
  }, state);
}
