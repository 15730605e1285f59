import { apiError, headers } from '@warg/protocol/api';
import type { RawRequest } from './exchange.ts';

/**
 * Checks that a request is for this registry. `Warg-Registry` asks a server to answer for the registry of that domain;
 * this one answers for itself alone.
 *
 * @throws ApiError 501
 */
export function refuseOtherRegistry(request: RawRequest, publicUrl: string | undefined): void {
  const asked = request.headers.get(headers.registry)?.toLowerCase();
  if (asked === undefined) return;
  const own = new URL(publicUrl ?? request.url);
  // A domain without a port also names a registry behind another port than the scheme's own.
  if (asked === own.host || asked === own.hostname) return;
  throw apiError(501, 'this server does not answer for the registry that the `Warg-Registry` header names');
}
