import { digestOf, encodeUtf8 } from '@warg/crypto';
import {
  apiError,
  checkpointNotFound,
  decodeFetchLogsRequest,
  decodeFetchPackageNamesRequest,
  encodeFetchLogsResponse,
  encodeFetchPackageNamesResponse,
  features,
  headers as headerNames,
  limits,
  paths,
} from '@warg/protocol/api';
import { emptyAnswer, jsonAnswer } from '../answers.ts';
import { namesEtag } from '../byte-range.ts';
import type { ImportedLogs } from '../imported-logs.ts';
import { decodeJson, readJson, readJsonBytes } from '../json-body.ts';
import { KeptAnswers } from '../kept-answers.ts';
import { fetchCheckpoint, fetchLogs, fetchNames } from '../openapi/fetch.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

// Room for 10,000 logs with the fetch tokens that this registry gives, and what the reference takes too.
const maxLogsBody = 2 * 1024 * 1024;

/** Bytes of answers that are kept. */
const KEPT = 16 * 1024 * 1024;

/** `v1/fetch/…`: checkpoint, logs, names. */
export function fetchRoutes({ core, access, ...bodies }: Services, imported: ImportedLogs): readonly Route[] {
  let newest: ReturnType<typeof withEtag> | undefined;
  const kept = new KeptAnswers(KEPT);
  return [
    {
      path: paths.fetchCheckpoint(),
      about: fetchCheckpoint,
      access: 'token',
      isDirect: true,
      get: async (c) => {
        const { json, checkpoint } = await core.latestCheckpoint();
        // The signature names the whole: what is signed again has another one. Caches ask each time, and so never give an old one.
        if (newest?.signature !== checkpoint.signature) newest = withEtag(checkpoint);
        const { etag } = newest;
        const headers = { etag, 'cache-control': 'no-cache', [headerNames.features]: features.proved };
        if (namesEtag(c.req.header('if-none-match'), etag)) return emptyAnswer(304, headers);
        return jsonAnswer(json, 200, headers);
      },
    },
    {
      path: paths.fetchLogs(),
      about: fetchLogs,
      access: 'token',
      isDirect: true,
      post: async (c) => {
        const bytes = await readJsonBytes(c, maxLogsBody, bodies);
        const mayRead = access.filterOf(c);
        const known = mayRead === undefined ? kept.get(bytes) : undefined;
        if (known !== undefined) return jsonAnswer(known);
        const request = decodeJson(bytes, decodeFetchLogsRequest, (_, value) => {
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
        const text = encodeFetchLogsResponse({
          ...answer,
          packages: new Map(answer.packages),
          warnings: [],
        });
        if (mayRead === undefined) kept.keep(bytes, text);
        return jsonAnswer(text);
      },
    },
    {
      path: paths.fetchNames(),
      about: fetchNames,
      access: 'token',
      isDirect: true,
      post: async (c) => {
        const request = await readJson(c, limits.fetchNamesBody, bodies, decodeFetchPackageNamesRequest);
        const asked = request.packages.slice(0, limits.fetchNamesPackages);
        const names = await core.packageNames(asked, access.filterOf(c));
        return jsonAnswer(encodeFetchPackageNamesResponse({ packages: new Map(names) }));
      },
    },
  ];
}

function withEtag({ signature }: { readonly signature: string }) {
  return { signature, etag: `"${digestOf(encodeUtf8(signature)).slice('sha256:'.length)}"` };
}
