import {
  decodeSignedCheckpoint,
  encodeCheckpointVerificationResponse,
  limits,
  paths,
  type SignedCheckpoint,
} from '@warg/protocol/api';
import { jsonAnswer } from '../answers.ts';
import { readJson } from '../json-body.ts';
import { verifyCheckpoint } from '../openapi/proof.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

/** What is said of a checkpoint with numbers beyond 2^53: no registry of this kind ever signed one. */
const neverSigned = { checkpoint: 'invalid', signature: 'invalid' } as const;

/** `v1/verify/…`: what this registry says of a checkpoint that somebody saw. */
export function verifyRoutes({ core, ...bodies }: Services): readonly Route[] {
  return [
    {
      path: paths.verifyCheckpoint(),
      about: verifyCheckpoint,
      access: 'token',
      post: async (c) => {
        const checkpoint = await readJson<SignedCheckpoint | undefined>(
          c,
          limits.checkpoint,
          bodies,
          decodeSignedCheckpoint,
          () => undefined,
        );
        const verdict = checkpoint === undefined ? neverSigned : await core.verifyCheckpoint(checkpoint);
        return jsonAnswer(encodeCheckpointVerificationResponse(verdict));
      },
    },
  ];
}
