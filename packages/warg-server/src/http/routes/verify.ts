import {
  decodeSignedCheckpoint,
  encodeCheckpointVerificationResponse,
  limits,
  paths,
} from '@warg/protocol/api';
import { jsonAnswer } from '../answers.ts';
import { readJson } from '../json-body.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

/** `v1/verify/…`: what this registry says of a checkpoint that somebody saw. */
export function verifyRoutes({ core, timeouts }: Services): readonly Route[] {
  return [
    {
      path: paths.verifyCheckpoint(),
      post: async (c) => {
        const checkpoint = await readJson(c, limits.checkpoint, timeouts, decodeSignedCheckpoint);
        return jsonAnswer(encodeCheckpointVerificationResponse(await core.verifyCheckpoint(checkpoint)));
      },
    },
  ];
}
