import { apiError, contentTypes, encodeLedgerSourcesResponse, limits, paths } from '@warg/protocol/api';
import { jsonAnswer } from '../answers.ts';
import { ledger, ledgerRecords } from '../openapi/log.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

/** `v1/ledger…`: every record's ids in the order of the log, in parts of a thousand. */
export function ledgerRoutes({ core }: Services): readonly Route[] {
  return [
    {
      path: paths.ledger(),
      about: ledger,
      access: 'all',
      get: async () => {
        const { logLength } = (await core.latestCheckpoint()).checkpoint.contents;
        const sources = Array.from({ length: Math.ceil(logLength / limits.ledgerRecords) }, (_, part) => {
          const first = part * limits.ledgerRecords;
          return {
            firstRegistryIndex: first,
            lastRegistryIndex: Math.min(first + limits.ledgerRecords, logLength) - 1,
            url: paths.ledgerRecords(first),
            acceptRanges: false,
            contentType: contentTypes.ledgerPacked,
          };
        });
        return jsonAnswer(encodeLedgerSourcesResponse({ hashAlgorithm: 'sha256', sources }));
      },
    },
    {
      path: paths.ledgerRecords(':start'),
      about: ledgerRecords,
      access: 'all',
      get: async (c) => {
        const packed = await core.ledgerRecords(parseStart(c.req.param('start') ?? ''), limits.ledgerRecords);
        const headers = { 'content-type': contentTypes.ledgerPacked, 'cache-control': 'no-store' };
        return { status: 200, headers, body: packed };
      },
    },
  ];
}

function parseStart(text: string): number | bigint {
  const start = /^(?:0|[1-9]\d{0,19})$/.test(text) ? BigInt(text) : undefined;
  if (start === undefined || start >= 1n << 64n) {
    throw apiError(400, 'the ledger starts at a registry index, a decimal number below 2^64');
  }
  return start <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(start) : start;
}
