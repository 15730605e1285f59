import { apiError } from '@warg/protocol/api';
import { parseTilePath } from '@warg/transparency';
import { logCheckpoint, logEntries, logTile } from '../openapi/log.ts';
import type { Route } from '../router.ts';
import type { AppContext, Services } from '../services.ts';

const NEVER_CHANGES = 'public, max-age=31536000, immutable';

/** The log for readers who know nothing of Warg: `checkpoint` and `tile/…` as in c2sp.org/tlog-tiles. */
export function tileRoutes({ core }: Services): readonly Route[] {
  const tile = async (c: AppContext) => {
    // As it was sent: a path that is written in another way is not the path of a tile.
    const path = parseTilePath(new URL(c.req.raw.url).pathname.slice(1));
    const bytes = path && (await core.logTile(path));
    if (bytes === undefined) {
      throw apiError(404, 'the log has no such tile at its newest checkpoint');
    }
    const headers = { 'content-type': 'application/octet-stream', 'cache-control': NEVER_CHANGES };
    return { status: 200, headers, body: bytes };
  };
  return [
    {
      path: 'checkpoint',
      about: logCheckpoint,
      access: 'all',
      get: async () => {
        const note = await core.logNote();
        if (note === undefined) {
          throw apiError(404, 'this registry signs no notes: it was started without a key of its log');
        }
        const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
        return { status: 200, headers, body: note };
      },
    },
    { path: 'tile/entries/:index{.+}', about: logEntries, access: 'all', get: tile },
    { path: 'tile/:level/:index{.+}', about: logTile, access: 'all', get: tile },
  ];
}
