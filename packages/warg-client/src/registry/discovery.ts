import { type PublicKey, WargError } from '@warg/crypto';
import { decodeRegistryDocument, paths, limits as protocolLimits } from '@warg/protocol/api';
import { ClientError } from '../errors.ts';
import { readBody } from '../http/body.ts';
import type { Transport } from '../http/transport.ts';
import { asDirectory, demandReachable, parseLink, type RegistryAddress, redact } from '../http/urls.ts';
import type { Limits } from '../limits.ts';

/** Where a registry's API is, and what its document says of its operator. */
export interface DiscoveredRegistry {
  /** With a slash at its end. */
  readonly url: URL;
  /** A hint for the first contact, and for nothing else. */
  readonly operatorKey: PublicKey | undefined;
}

/**
 * Finds a registry's API: the URL that a well-known document names, else the registry's own URL.
 *
 * The document says where to ask, never what to believe: state, pins and content stay under the name that the
 * user wrote.
 *
 * @throws ClientError `DISCOVERY_FAILED` | `REGISTRY_NOT_WARG` | `INSECURE_URL`, and what a request may throw
 */
export async function discoverRegistry(
  address: RegistryAddress,
  transport: Transport,
  limits: Limits,
  signal: AbortSignal | undefined,
): Promise<DiscoveredRegistry> {
  let otherProtocol: string | undefined;
  for (const path of [paths.wellKnownWasmPkg(), paths.wellKnownWarg()]) {
    const url = new URL(path, address.url);
    const document = await fetchDocument(url, transport, limits, signal);
    if (document === undefined) continue;
    if (document.wargUrl !== undefined) {
      const target = parseLink(document.wargUrl, url, `wargUrl in ${redact(url)}`);
      demandReachable(target, address.url, `wargUrl in ${redact(url)}`);
      return { url: asDirectory(target), operatorKey: document.wargOperatorKey };
    }
    if (document.preferredProtocol === 'warg')
      return { url: address.url, operatorKey: document.wargOperatorKey };
    otherProtocol ??= document.preferredProtocol ?? (document.ociRegistry === undefined ? undefined : 'oci');
  }
  if (otherProtocol === undefined) return { url: address.url, operatorKey: undefined };
  throw new ClientError(
    'REGISTRY_NOT_WARG',
    `expected ${address.name} to name a warg registry, found one for ${JSON.stringify(otherProtocol.slice(0, 40))}, which this client does not speak`,
    { registry: address.name, found: otherProtocol.slice(0, 40) },
  );
}

async function fetchDocument(
  url: URL,
  transport: Transport,
  limits: Limits,
  signal: AbortSignal | undefined,
) {
  const what = 'the well-known document';
  const response = await transport.send({
    method: 'GET',
    url,
    headers: { accept: 'application/json' },
    repeatable: true,
    what,
    signal,
  });
  if (!response.ok) {
    await response.body?.cancel().catch(() => {});
    // Not there, or nobody may see it: then the URL itself is the registry. A server in trouble is no such answer,
    // for it may have a document that leads elsewhere.
    if (response.status >= 400 && response.status < 500 && response.status !== 429) return undefined;
    throw failed(url, `it answers with status ${response.status}`);
  }
  const body = await readBody(response, {
    limit: protocolLimits.wellKnown,
    limits,
    signal,
    what,
  });
  try {
    return decodeRegistryDocument(body);
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    throw failed(url, cause.message, cause);
  }
}

function failed(url: URL, why: string, cause?: Error): ClientError {
  return new ClientError(
    'DISCOVERY_FAILED',
    `expected a registry document or 404 at ${redact(url)}, but ${why}: check the registry's address, or give the URL of its API`,
    { url: redact(url) },
    cause === undefined ? undefined : { cause },
  );
}
