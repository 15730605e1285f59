import {
  apiError,
  checkpointNotFound,
  decodeFetchLogsRequest,
  decodeFetchPackageNamesRequest,
  encodeFetchLogsResponse,
  encodeFetchPackageNamesResponse,
  limits,
  paths,
} from '@warg/protocol/api';
import { jsonAnswer } from '../answers.ts';
import type { ImportedLogs } from '../imported-logs.ts';
import { readJson } from '../json-body.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

// Room for 10,000 logs with the fetch tokens that this registry gives, and what the reference takes too.
const maxLogsBody = 2 * 1024 * 1024;

/** `v1/fetch/…`: checkpoint, logs, names. */
export function fetchRoutes({ core, access, ...bodies }: Services, imported: ImportedLogs): readonly Route[] {
  return [
    {
      path: paths.fetchCheckpoint(),
      access: 'token',
      get: async () => jsonAnswer((await core.latestCheckpoint()).json),
    },
    {
      path: paths.fetchLogs(),
      access: 'token',
      post: async (c) => {
        const request = await readJson(c, maxLogsBody, bodies, decodeFetchLogsRequest, (_, value) => {
          throw checkpointNotFound(value);
        });
        const { min, max, default: usual } = limits.fetchLogsLimit;
        const limit = request.limit ?? usual;
        if (limit < min || limit > max) {
          throw apiError(400, `invalid records limit value \`${limit}\`: must be between ${min} and ${max}`);
        }
        if (request.packages.size > limits.fetchLogsPackages) {
          throw apiError(
            413,
            `${request.packages.size} logs were asked for, and one request may ask for ${limits.fetchLogsPackages}`,
          );
        }
        const packages = [...request.packages];
        const mayRead = access.filterOf(c);
        const answer = await imported.hinting(
          packages.map(([logId]) => logId),
          mayRead,
          () =>
            core.fetchLogs({
              logLength: request.logLength,
              limit,
              operator: request.operator,
              packages,
              maxBytes: limits.fetchLogsAnswerTarget,
              mayRead,
            }),
        );
        return jsonAnswer(
          encodeFetchLogsResponse({ ...answer, packages: new Map(answer.packages), warnings: [] }),
        );
      },
    },
    {
      path: paths.fetchNames(),
      access: 'token',
      post: async (c) => {
        const request = await readJson(c, limits.fetchNamesBody, bodies, decodeFetchPackageNamesRequest);
        const asked = request.packages.slice(0, limits.fetchNamesPackages);
        const names = await core.packageNames(asked, access.filterOf(c));
        return jsonAnswer(encodeFetchPackageNamesResponse({ packages: new Map(names) }));
      },
    },
  ];
}
