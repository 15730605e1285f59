import { keyIdOf, type PublicKey, quote } from '@warg/crypto';
import { OPERATOR_LOG_ID, type SignedCheckpoint, verifyCheckpointSignature } from '@warg/protocol';
import type { HighWaterMark } from '../sequencer/high-water.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { RegistryError } from './errors.ts';

/**
 * Makes a mark of a checkpoint that somebody kept, once its signature is verified by a key of the operator log, or by the
 * one that signs now.
 *
 * @throws RegistryError `CHECKPOINT_NOT_SIGNED`
 */
export async function markOfCheckpoint(
  store: RegistryStore,
  checkpoint: SignedCheckpoint,
  operatorKey: PublicKey,
): Promise<HighWaterMark> {
  const { keyId, contents } = checkpoint;
  const [row] = await store.read((reads) => reads.keys([{ logId: OPERATOR_LOG_ID, keyId }]));
  const key = keyId === keyIdOf(operatorKey) ? operatorKey : (row?.publicKey as PublicKey | undefined);
  if (key === undefined) {
    throw notSigned(
      `expected a checkpoint that is signed by a key of the operator log, found one by ${quote(keyId)}`,
    );
  }
  try {
    verifyCheckpointSignature(checkpoint, key);
  } catch (cause) {
    throw notSigned(`expected a signature by the key ${keyId}, found another one`, cause);
  }
  const { logLength, logRoot, mapRoot } = contents;
  return { logLength, logRoot, mapRoot, knownFrom: '--after-checkpoint' };
}

function notSigned(reason: string, cause?: unknown): RegistryError {
  return new RegistryError(
    'CHECKPOINT_NOT_SIGNED',
    `the checkpoint that the registry is to go on from is not one of its own: ${reason}`,
    { cause },
  );
}
