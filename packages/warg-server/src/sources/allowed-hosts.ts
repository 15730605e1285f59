import { quote, WargError } from '@warg/crypto';

/** A source that is not to be fetched. Its code is `SOURCE_REFUSED`. */
export class SourceRefusedError extends WargError {
  declare readonly code: 'SOURCE_REFUSED';

  constructor(message: string) {
    super('SOURCE_REFUSED', message);
  }
}

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const pattern = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*(?::\\d{1,5})?$`);

/** Whether this is a host, perhaps with a port, or `*.` and what hosts shall end in. */
export function isHostPattern(text: string): boolean {
  return text.length <= 253 && pattern.test(text);
}

/**
 * Reads the URL of a source: https, no credentials, one of these hosts. A pattern without a port stands for 443.
 *
 * @param patterns as {@link isHostPattern} knows them; `*.example` is not `example` itself
 * @throws SourceRefusedError
 */
export function allowedUrl(text: string, patterns: readonly string[], base?: URL): URL {
  const url = text.length <= 4096 && URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (url === undefined || url.protocol !== 'https:') {
    throw new SourceRefusedError('expected the source of a content to be an absolute https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw new SourceRefusedError('expected the source of a content to be a URL without credentials');
  }
  const { hostname, port } = url;
  const isAllowed = patterns.some((each) => {
    const [host = '', wantedPort = '443'] = each.split(':');
    if (wantedPort !== (port === '' ? '443' : port)) return false;
    return host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host;
  });
  if (!isAllowed) {
    throw new SourceRefusedError(
      `this registry fetches no contents from ${quote(url.host)}: upload the content`,
    );
  }
  url.hash = '';
  return url;
}
