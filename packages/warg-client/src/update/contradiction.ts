import { encodeUtf8 } from '@warg/crypto';
import type { Envelope, SignedCheckpoint } from '@warg/protocol';
import type { ClientContext } from '../context.ts';
import { ClientError, isClientError } from '../errors.ts';
import { evidencePrefix } from '../state/evidence-documents.ts';
import type { RegistryState } from '../state/registry-state.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import { contradictionOf, verifyOrder, verifySigner } from '../verify/checkpoint.ts';
import { type Evidence, encodeEvidence, evidenceId, verifyEvidence } from '../verify/evidence.ts';
import { type Pin, verifyOperatorLog } from '../verify/operator.ts';
import {
  type RegistryAnswers,
  type Trust,
  type VerifiedRegistry,
  verifyRegistryAsync,
} from '../verify/registry.ts';

/** A registry that lies anew each time it is asked must not fill the disk. */
const maxEvidence = 20;

/**
 * Checks that a checkpoint does not go back behind the stored one. Where the two contradict each other and both are
 * signed by the operator, the evidence is stored before the error is thrown: the only thing that a lie leaves.
 *
 * @throws ClientError `CHECKPOINT_CONTRADICTS` | `CHECKPOINT_ROLLED_BACK` | `CHECKPOINT_SIGNER_REFUSED` |
 *   `CHECKPOINT_SIGNATURE_INVALID`
 */
export async function verifyOrderOrKeepEvidence(
  context: ClientContext,
  snapshot: StorageSnapshot,
  state: RegistryState | undefined,
  checkpoint: SignedCheckpoint,
): Promise<void> {
  if (state === undefined) return;
  const kind = contradictionOf(state.checkpoint, checkpoint);
  if (kind === undefined) {
    verifyOrder(checkpoint, state.checkpoint);
    return;
  }
  // Without the operator's signature it is anybody's word, and evidence of nothing.
  verifySigner(checkpoint, state.operator.state);
  const evidence = evidenceOf(context, kind, state.checkpoint, checkpoint, state.operator.records);
  try {
    verifyOrder(checkpoint, state.checkpoint);
  } catch (error) {
    throw await keepEvidence(context, snapshot, evidence, error);
  }
}

/**
 * As `verifyRegistryAsync`. Where one update was answered with two states of one length, both signed by the operator who
 * is trusted, they are kept as evidence, too: they are all that shows it, because nothing else of such answers is stored.
 *
 * @throws ClientError as `verifyRegistryAsync`
 */
export async function verifyRegistryOrKeepEvidence(
  context: ClientContext,
  snapshot: StorageSnapshot,
  answers: RegistryAnswers,
  trust: Trust,
): Promise<VerifiedRegistry> {
  try {
    return await verifyRegistryAsync(answers, trust);
  } catch (error) {
    if (!isClientError(error, 'CHECKPOINT_CONTRADICTS')) throw error;
    const { checkpoint } = answers;
    const other = answers.repeated.find((repeated) => contradictionOf(checkpoint, repeated) === 'fork');
    if (other === undefined) throw error;
    // It was folded before the signatures of the checkpoints were looked at: this does not fail.
    const { records } = verifyOperatorLog(answers.operator);
    const evidence = evidenceOf(context, 'fork', checkpoint, other, records);
    throw isAbout(trust.pins, evidence) ? await keepEvidence(context, snapshot, evidence, error) : error;
  }
}

function evidenceOf(
  { address }: ClientContext,
  kind: Evidence['kind'],
  first: SignedCheckpoint,
  second: SignedCheckpoint,
  operatorRecords: readonly Envelope[],
): Evidence {
  return { format: 'warg-evidence-1', registry: address.name, kind, first, second, operatorRecords };
}

/** Whether evidence is about whom we trust. Anybody can contradict himself in an operator log of his own. */
function isAbout(pins: readonly Pin[], evidence: Evidence): boolean {
  try {
    for (const pin of pins) verifyEvidence(evidence, pin.type === 'key' ? pin.key : pin.recordId);
    return true;
  } catch (error) {
    if (!isClientError(error)) throw error;
    return false;
  }
}

/** Stores evidence, unless there is too much of it, and returns what is to be thrown then. */
async function keepEvidence(
  { documents }: ClientContext,
  snapshot: StorageSnapshot,
  evidence: Evidence,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof ClientError)) return error;
  const id = evidenceId(evidence);
  const key = `${evidencePrefix}${id}`;
  const kept = snapshot.keys(evidencePrefix);
  if (!kept.includes(key)) {
    if (kept.length >= maxEvidence) return error;
    await documents.commit(snapshot, new Map([[key, encodeUtf8(encodeEvidence(evidence))]]));
  }
  return new ClientError(error.code, `${error.message}. Evidence was kept as ${id}`, {
    ...error.details,
    evidence: id,
  });
}
