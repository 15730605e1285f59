import type { PrivateKey } from '@warg/crypto';
import { keyIdOf, publicKeyOf } from '@warg/crypto';
import { type SignedCheckpoint, signCheckpoint, type TimestampedCheckpoint } from '@warg/protocol';

/** Whoever signs checkpoints: a key in memory, or something far away that has the key. */
export interface CheckpointSigner {
  readonly keyId: string;
  sign(contents: TimestampedCheckpoint): Promise<SignedCheckpoint>;
}

export function keySigner(key: PrivateKey): CheckpointSigner {
  return {
    keyId: keyIdOf(publicKeyOf(key)),
    sign: async (contents) => signCheckpoint(contents, key),
  };
}
