// The HTTP face of a test registry: answers as the protocol says, without a socket.

import { digestOf, isDigest, parseSignature } from '@warg/crypto';
import {
  decodePackageRecord,
  emptyPackageState,
  mapKeyBytes,
  OPERATOR_LOG_ID,
  type PublishedEnvelope,
  packageRecordId,
  parseLogId,
  validatePackageLog,
} from '@warg/protocol';
import {
  ApiError,
  checkpointNotFound,
  contentDigestNotFound,
  decodeAbsenceRequest,
  decodeConsistencyRequest,
  decodeFetchLogsRequest,
  decodeInclusionRequest,
  decodePublishRecordRequest,
  encodeAbsenceResponse,
  encodeApiError,
  encodeConsistencyResponse,
  encodeContentSourcesResponse,
  encodeFetchLogsResponse,
  encodeInclusionResponse,
  encodePackageRecordResponse,
  encodeProvedLogResponse,
  encodeSignedCheckpoint,
  type FetchLogsRequest,
  type FetchLogsResponse,
  features,
  headers,
  logNotFound,
  notSupported,
  type PackageRecordResponse,
  type ProvedLogRequest,
  packageLogNotIncluded,
  parseProvedLogRequest,
  pendingPublishConflict,
  recordNotFound,
} from '@warg/protocol/api';
import type { TestRegistry } from './test-registry.ts';

export interface ServeOptions {
  /** Whether `v1/proof/absence` is there. True by default. */
  readonly absence?: boolean;
  /** Whether `v1/proved` is there. False by default, as in a registry that has the protocol's calls alone. */
  readonly proved?: boolean;
  /** The most records of one log in an answer. */
  readonly pageSize?: number;
  /** Well-known documents, by path. */
  readonly documents?: Readonly<Record<string, string>>;
  /** How often a record that was accepted reads `processing` before it is published. 1 by default. */
  readonly pollsUntilPublished?: number;
}

interface Waiting {
  readonly logId: ReturnType<typeof parseLogId>;
  readonly envelope: {
    readonly contentBytes: Uint8Array;
    readonly keyId: string;
    readonly signature: string;
  };
  readonly missing: Set<string>;
  polls: number;
  index: number | undefined;
}

export type Fetch = typeof globalThis.fetch;

/** A `fetch` that the registry answers. */
export function serve(registry: TestRegistry, options: ServeOptions = {}): Fetch {
  const submitted = new Map<string, Waiting>();

  return async (input, init) => {
    const request = new Request(input as Request, init);
    request.signal.throwIfAborted();
    const url = new URL(request.url);
    const path = url.pathname.slice(1);
    const document = options.documents?.[path];
    if (document !== undefined) return json(200, document);
    try {
      return await route(request, path);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, body } = encodeApiError(error);
      return json(status, body);
    }
  };

  async function route(request: Request, path: string): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    const [, , logId = '', , recordId = '', , digest = ''] = path.split('/');
    switch (`${request.method} ${path.split('/').slice(0, 3).join('/')}`) {
      case 'GET v1/fetch/checkpoint':
        return json(
          200,
          encodeSignedCheckpoint({
            ...registry.checkpoint,
            signature: parseSignature(registry.checkpoint.signature),
          }),
          options.proved === true ? { [headers.features]: features.proved } : {},
        );
      case 'POST v1/fetch/logs':
        return json(200, logs(decodeFetchLogsRequest(body)));
      case 'POST v1/proof/inclusion':
        return json(200, await inclusion(decodeInclusionRequest(body)));
      case 'POST v1/proof/consistency': {
        const { from, to } = decodeConsistencyRequest(body);
        return json(
          200,
          encodeConsistencyResponse({ proof: await registry.log.prove({ length: to, from: [from] }) }),
        );
      }
      case 'POST v1/proof/absence': {
        if (options.absence === false) throw notSupported('no such call');
        const { logLength, logIds } = decodeAbsenceRequest(body);
        const map = await registry.map.proveAbsence(registry.mapRootAt(logLength), logIds.map(mapKeyBytes));
        return json(200, encodeAbsenceResponse({ map }));
      }
    }
    if (path.startsWith('v1/proved/') && options.proved === true) {
      const place = decodeURIComponent(path.slice('v1/proved/'.length));
      const asked = parseProvedLogRequest(place, new URL(request.url).searchParams);
      return json(200, await proved({ ...asked, logLength: Number(asked.logLength) }));
    }
    if (path.startsWith('v1/content/'))
      return json(200, sources(new URL(request.url).origin, path.slice(11)));
    if (path.startsWith('content/')) return contentOf(path.slice('content/'.length));
    if (!path.startsWith('v1/package/')) return json(404, '{"status":404,"message":"not found"}');
    if (digest !== '') return upload(recordId, digest, body);
    if (request.method === 'POST') return json(202, await submit(logId, body));
    return json(200, encodePackageRecordResponse(await stateOf(recordId, logId)));
  }

  function logs(request: FetchLogsRequest): string {
    return encodeFetchLogsResponse(recordsOf(request));
  }

  async function proved({ logId, logLength, after, operator }: ProvedLogRequest): Promise<string> {
    const isOperatorLog = logId === OPERATOR_LOG_ID;
    const found = recordsOf({
      logLength,
      operator: isOperatorLog ? after : operator,
      packages: new Map(isOperatorLog ? [] : [[logId, after ?? null]]),
    });
    const part = async (id: typeof logId, records: FetchLogsResponse['operator']) => {
      if (found.more) return { records };
      const head = registry.logs
        .get(id)!
        .filter(({ registryIndex }) => registryIndex < logLength)
        .at(-1)!;
      return { records, inclusion: await inclusionOf({ logLength, leafs: [head.registryIndex] }) };
    };
    const operatorPart = await part(OPERATOR_LOG_ID, found.operator);
    const { checkpoint } = registry;
    return encodeProvedLogResponse({
      checkpoint: { ...checkpoint, signature: parseSignature(checkpoint.signature) },
      more: found.more,
      ...(isOperatorLog
        ? { log: operatorPart }
        : { operator: operatorPart, log: await part(logId, found.packages.get(logId)!) }),
    });
  }

  function recordsOf(request: FetchLogsRequest): FetchLogsResponse {
    const { logLength } = request;
    if (logLength > registry.leaves.length) throw checkpointNotFound(logLength);
    const limit = Math.min(request.limit ?? 100, options.pageSize ?? 1000);
    let more = false;
    const take = (logId: string, token: string | null | undefined) => {
      const all = (registry.logs.get(parseLogId(logId)) ?? []).filter(
        ({ registryIndex }) => registryIndex < logLength,
      );
      if (all.length === 0) throw logNotFound(parseLogId(logId));
      const rest = all.slice(token == null ? 0 : Number(token.split('/')[1]) + 1);
      more ||= rest.length > limit;
      return rest.slice(0, limit).map(published);
    };
    const operator = take(OPERATOR_LOG_ID, request.operator);
    const packages = new Map(
      [...request.packages].map(([logId, token]) => [logId, take(logId, token)] as const),
    );
    return { more, operator, packages, warnings: [] };
  }

  async function inclusion(request: ReturnType<typeof decodeInclusionRequest>): Promise<string> {
    return encodeInclusionResponse(await inclusionOf(request));
  }

  async function inclusionOf({ logLength, leafs }: ReturnType<typeof decodeInclusionRequest>) {
    if (logLength > registry.leaves.length) throw checkpointNotFound(logLength, 'proof');
    const logIds = leafs.map((index) => registry.leaves[index]!.logId);
    for (const [position, logId] of logIds.entries()) {
      const head = registry.logs
        .get(logId)!
        .filter(({ registryIndex }) => registryIndex < logLength)
        .at(-1)!;
      if (head.registryIndex !== leafs[position]) throw packageLogNotIncluded(logId);
    }
    const log = await registry.log.prove({ length: logLength, leaves: leafs });
    const map = await registry.map.prove(registry.mapRootAt(logLength), logIds.map(mapKeyBytes));
    return { log, map };
  }

  function sources(origin: string, digest: string): string {
    if (!isDigest(digest) || !registry.content.has(digest)) throw contentDigestNotFound(digest as never);
    const url = `${origin}/content/${digest.replace(':', '-')}`;
    const size = registry.content.get(digest)!.byteLength;
    return encodeContentSourcesResponse({
      contentSources: new Map([[digest, [{ type: 'httpGet', url, acceptRanges: false, size }]]]),
    });
  }

  function contentOf(name: string): Response {
    const bytes = registry.content.get(name.replace('-', ':'));
    if (bytes === undefined) return json(404, '{"status":404,"message":"no such content"}');
    return new Response(bytes.slice(), { headers: { 'content-length': String(bytes.byteLength) } });
  }

  async function submit(logId: string, body: Uint8Array): Promise<string> {
    const { record } = decodePublishRecordRequest(body);
    const recordId = packageRecordId(record.contentBytes);
    const digests = decodePackageRecord(record.contentBytes).entries.flatMap((entry) =>
      entry.type === 'release' && !registry.content.has(entry.content) ? [entry.content] : [],
    );
    const { prev } = decodePackageRecord(record.contentBytes);
    for (const [id, other] of submitted) {
      if (id === recordId || other.logId !== logId || other.index !== undefined || other.missing.size > 0)
        continue;
      if (decodePackageRecord(other.envelope.contentBytes).prev === prev && refusal(other) === undefined) {
        throw pendingPublishConflict(id as never);
      }
    }
    if (!submitted.has(recordId)) {
      submitted.set(recordId, {
        logId: parseLogId(logId),
        envelope: record,
        missing: new Set(digests),
        polls: 0,
        index: undefined,
      });
    }
    return encodePackageRecordResponse(await stateOf(recordId, logId));
  }

  async function stateOf(recordId: string, logId: string): Promise<PackageRecordResponse> {
    const waiting = submitted.get(recordId);
    if (waiting === undefined || waiting.logId !== logId) throw recordNotFound(recordId as never);
    const id = packageRecordId(waiting.envelope.contentBytes);
    if (waiting.missing.size > 0) {
      const offer = (digest: string) => ({
        upload: [
          {
            type: 'http' as const,
            method: 'POST',
            url: `v1/package/${logId}/record/${recordId}/content/${digest}`,
            headers: new Map<string, string>(),
          },
        ],
      });
      return {
        recordId: id,
        state: 'sourcing',
        missingContent: new Map([...waiting.missing].map((digest) => [digest as never, offer(digest)])),
      };
    }
    if (waiting.index === undefined && waiting.polls++ < (options.pollsUntilPublished ?? 1)) {
      return { recordId: id, state: 'processing' };
    }
    if (waiting.index === undefined) {
      const reason = refusal(waiting);
      if (reason !== undefined) return { recordId: id, state: 'rejected', reason };
      waiting.index = registry.leaves.length;
      await registry.appendEnvelope(waiting.logId, waiting.envelope);
      await registry.sign();
    }
    return { recordId: id, state: 'published', registryIndex: waiting.index };
  }

  function refusal({ logId, envelope }: Waiting): string | undefined {
    try {
      validatePackageLog(emptyPackageState, [...(registry.logs.get(logId) ?? []), envelope]);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  function upload(recordId: string, digest: string, bytes: Uint8Array): Response {
    const waiting = submitted.get(recordId);
    if (waiting === undefined) throw recordNotFound(recordId as never);
    if (digestOf(bytes) !== digest) return json(400, '{"status":400,"message":"wrong digest"}');
    registry.content.set(digest, bytes);
    waiting.missing.delete(digest);
    return new Response('', { status: 201 });
  }
}

function published({ contentBytes, keyId, signature, registryIndex, fetchToken }: PublishedEnvelope) {
  return { contentBytes, keyId, signature: parseSignature(signature), registryIndex, fetchToken };
}

export function json(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
}
