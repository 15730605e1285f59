import { apiError } from '@warg/protocol/api';
import { jsonAnswer } from '../answers.ts';
import { health, readiness } from '../openapi/service.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

/**
 * For whoever keeps the process running: `healthz` says that it is alive, `readyz` whether it should get requests. They say
 * nothing that the checkpoint does not say to everybody.
 */
export function healthRoutes({ core, readyCheckpointAge, clock }: Services): readonly Route[] {
  return [
    { path: 'healthz', about: health, access: 'public', get: () => jsonAnswer('{"status":"ok"}') },
    {
      path: 'readyz',
      about: readiness,
      access: 'public',
      get: async () => {
        if (core.mode() === 'readOnly') {
          throw apiError(
            503,
            'the registry lacks some of what it has signed, and only answers questions until it has got that back',
          );
        }
        const { contents } = (await core.latestCheckpoint()).checkpoint;
        const age = Math.max(0, Math.floor(clock.now() / 1000) - contents.timestamp);
        if (readyCheckpointAge > 0 && age * 1000 > readyCheckpointAge) {
          throw apiError(
            503,
            `the newest checkpoint is ${age} seconds old, and is to be no older than ${readyCheckpointAge / 1000}: ` +
              'does a process sequence?',
          );
        }
        return jsonAnswer(
          JSON.stringify({ status: 'ready', logLength: contents.logLength, checkpointAge: age }),
        );
      },
    },
  ];
}
