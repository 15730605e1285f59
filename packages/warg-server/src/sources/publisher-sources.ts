import type { Digest } from '@warg/crypto';
import { apiError, type ContentSources, rejection } from '@warg/protocol/api';
import { allowedUrl, SourceRefusedError } from './allowed-hosts.ts';

/** What a route needs of those who fetch. */
export interface PublisherSources {
  readonly hosts: readonly string[];
  /** Told when there is something to fetch. */
  wake(): void;
}

/** Contents of one record that are fetched for it, and places of each that are tried. */
const mostContents = 32;
const mostPlaces = 4;

/**
 * Reads where a publisher says that contents are.
 *
 * @throws ApiError 400 | 422
 */
export function readSources(
  sources: ContentSources,
  hosts: readonly string[],
): ReadonlyMap<Digest, readonly string[]> {
  if (sources.size > mostContents) {
    throw rejection(
      `expected sources for at most ${mostContents} contents, found ${sources.size}: upload the others`,
    );
  }
  return new Map(
    [...sources].map(([digest, places]) => {
      if (places.length === 0 || places.length > mostPlaces) {
        throw apiError(400, `expected 1 to ${mostPlaces} sources of a content, found ${places.length}`);
      }
      return [digest, places.map(({ url }) => allowed(url, hosts))];
    }),
  );
}

function allowed(url: string, hosts: readonly string[]): string {
  try {
    return allowedUrl(url, hosts).href;
  } catch (cause) {
    if (cause instanceof SourceRefusedError) throw rejection(cause.message);
    throw cause;
  }
}
