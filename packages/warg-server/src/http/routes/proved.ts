import { digestOf, encodeUtf8 } from '@warg/crypto';
import { type LogId, OPERATOR_LOG_ID } from '@warg/protocol';
import {
  encodeProvedLogResponse,
  limits,
  type ProvedLogRequest,
  type ProvedRecords,
  parseProvedLogRequest,
  paths,
} from '@warg/protocol/api';
import type { LogsAnswer, WireInteger } from '../../registry/registry.ts';
import { emptyAnswer, jsonAnswer } from '../answers.ts';
import { namesEtag } from '../byte-range.ts';
import { pathParameter } from '../errors.ts';
import type { ImportedLogs } from '../imported-logs.ts';
import { provedLog } from '../openapi/fetch.ts';
import type { Route } from '../router.ts';
import type { AppContext, Services } from '../services.ts';

// Neither the records below a length nor their proofs ever change. Where reading takes a token, `Access` says otherwise.
const NEVER_CHANGES = 'public, max-age=31536000, immutable';

type Asked = Omit<ProvedLogRequest, 'logLength'> & { readonly logLength: WireInteger };

/** `v1/proved/…`: what clients ask of one log at one checkpoint, in an answer that caches can keep. */
export function provedRoutes({ core, access }: Services, imported: ImportedLogs): readonly Route[] {
  return [
    {
      path: paths.provedLog(':provedLog'),
      about: provedLog,
      access: 'token',
      isDirect: true,
      get: async (c) => {
        const asked = requestOf(c);
        const { logId, logLength } = asked;
        const isOperatorLog = logId === OPERATOR_LOG_ID;
        const mayRead = access.filterOf(c);
        const found = await imported.hinting([logId], mayRead, () =>
          core.fetchLogs({
            logLength,
            limit: limits.fetchLogsLimit.max,
            operator: isOperatorLog ? asked.after : asked.operator,
            packages: isOperatorLog ? [] : [[logId, asked.after]],
            maxBytes: limits.provedAnswerTarget,
            mayRead,
          }),
        );
        const { checkpoint } = await core.checkpointAt(logLength);
        const etag = etagOf(c, checkpoint.contents);
        const headers = { etag: `W/${etag}`, 'cache-control': NEVER_CHANGES };
        if (namesEtag(c.req.header('if-none-match'), etag)) return emptyAnswer(304, headers);
        const proved = async (log: LogId, records: LogsAnswer['operator']): Promise<ProvedRecords> =>
          found.more ? { records } : { records, inclusion: await core.proveHead(logLength, log) };
        const operator = await proved(OPERATOR_LOG_ID, found.operator);
        return jsonAnswer(
          encodeProvedLogResponse({
            checkpoint,
            more: found.more,
            ...(isOperatorLog
              ? { log: operator }
              : // A log that the operator's records left no room for comes with the next page.
                { operator, log: await proved(logId, found.packages[0]?.[1] ?? []) }),
          }),
          200,
          headers,
        );
      },
    },
  ];
}

/** @throws ApiError 400 */
function requestOf(c: AppContext): Asked {
  const { searchParams } = new URL(c.req.raw.url);
  return pathParameter(() => parseProvedLogRequest(c.req.param('provedLog') ?? '', searchParams));
}

/**
 * Names what is proved, not who signed it when: the newest checkpoint is signed again now and then, and what was kept
 * until then is as good as before.
 */
function etagOf(
  c: AppContext,
  { logRoot, mapRoot }: { readonly logRoot: string; readonly mapRoot: string },
): string {
  const { pathname, search } = new URL(c.req.raw.url);
  const named = digestOf(encodeUtf8([pathname, search, logRoot, mapRoot].join('\n')));
  return `"${named.slice('sha256:'.length)}"`;
}
