import { encodeUtf8 } from '@warg/crypto';
import type { SignedCheckpoint } from '@warg/protocol';
import type { ClientContext } from '../context.ts';
import { ClientError } from '../errors.ts';
import type { RegistryState } from '../state/registry-state.ts';
import type { StorageSnapshot } from '../storage/storage.ts';
import { contradictionOf, verifyOrder, verifySigner } from '../verify/checkpoint.ts';
import { type Evidence, encodeEvidence, evidenceId } from '../verify/evidence.ts';

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
  const evidence: Evidence = {
    format: 'warg-evidence-1',
    registry: context.address.name,
    kind,
    first: state.checkpoint,
    second: checkpoint,
    operatorRecords: state.operator.records,
  };
  const id = evidenceId(evidence);
  if (snapshot.keys('evidence/').length >= maxEvidence) verifyOrder(checkpoint, state.checkpoint);
  await context.documents.commit(
    snapshot,
    new Map([[`evidence/${id}`, encodeUtf8(encodeEvidence(evidence))]]),
  );
  try {
    verifyOrder(checkpoint, state.checkpoint);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    throw new ClientError(error.code, `${error.message}. Evidence was kept as ${id}`, {
      ...error.details,
      evidence: id,
    });
  }
}
