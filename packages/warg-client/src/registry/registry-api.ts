import type { Digest } from '@warg/crypto';
import { quote, WargError } from '@warg/crypto';
import type { LogId, RecordId, SignedCheckpoint } from '@warg/protocol';
import {
  type AbsenceRequest,
  ApiError,
  type ConsistencyRequest,
  type ContentSourcesResponse,
  decodeAbsenceResponse,
  decodeApiError,
  decodeConsistencyResponse,
  decodeContentSourcesResponse,
  decodeFetchLogsResponse,
  decodeInclusionResponse,
  decodePackageRecordResponse,
  decodeProvedLogResponse,
  decodeSignedCheckpoint,
  type ErrorFamily,
  encodeAbsenceRequest,
  encodeConsistencyRequest,
  encodeFetchLogsRequest,
  encodeInclusionRequest,
  encodePublishRecordRequest,
  type FetchLogsRequest,
  type FetchLogsResponse,
  features,
  formatProvedLogRequest,
  headers as headerNames,
  type InclusionRequest,
  type PackageRecordResponse,
  type ProvedLogRequest,
  type ProvedLogResponse,
  type PublishRecordRequest,
  parseFeatures,
  parseRegistryHint,
  paths,
  limits as protocolLimits,
} from '@warg/protocol/api';
import { ClientError, type ClientErrorDetails } from '../errors.ts';
import { readBody } from '../http/body.ts';
import type { Answer } from '../http/exchange.ts';
import type { Transport } from '../http/transport.ts';
import { redact } from '../http/urls.ts';
import type { Limits } from '../limits.ts';
import type { InclusionAnswer } from '../verify/proofs.ts';
import { forPeople } from './words.ts';

/** What belongs to one call. */
export interface ApiCall {
  readonly signal: AbortSignal | undefined;
  /** The domain of the registry that the call is about, where it is not the server's own. */
  readonly about?: string | undefined;
}

/** A registry's API: each answer decoded, none believed. */
export interface RegistryApi {
  /** The API's URL, with a slash at its end. */
  readonly url: URL;
  checkpoint(call: ApiCall): Promise<SignedCheckpoint>;
  logs(request: FetchLogsRequest, call: ApiCall): Promise<FetchLogsResponse>;
  inclusion(request: InclusionRequest, call: ApiCall): Promise<InclusionAnswer>;
  consistency(request: ConsistencyRequest, call: ApiCall): Promise<Uint8Array>;
  /** One log at a checkpoint with its proofs; undefined where the registry does not have this call. */
  proved(request: ProvedLogRequest, call: ApiCall): Promise<ProvedLogResponse | undefined>;
  /** undefined where the registry does not have this call. */
  absence(request: AbsenceRequest, call: ApiCall): Promise<Uint8Array | undefined>;
  publish(logId: LogId, request: PublishRecordRequest, call: ApiCall): Promise<PackageRecordResponse>;
  record(logId: LogId, recordId: RecordId, call: ApiCall): Promise<PackageRecordResponse>;
  contentSources(digest: Digest, call: ApiCall): Promise<ContentSourcesResponse>;
}

interface Endpoint<T> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly family: ErrorFamily;
  readonly limit: number;
  readonly decode: (body: Uint8Array) => T;
  /** What is asked, for messages. */
  readonly what: string;
  /** False where sending it twice is not as good as once. */
  readonly repeatable?: boolean;
  /** Whether the answer never changes. */
  readonly cacheable?: boolean;
  /** Looks at the headers of an answer that is no error. */
  readonly onHeaders?: (headers: Answer['headers']) => void;
}

/** The API at a URL. @param token asked before every call; sent to this URL's origin alone */
export function registryApi(
  url: URL,
  transport: Transport,
  limits: Limits,
  token: () => Promise<string | undefined>,
): RegistryApi {
  // Said beside every newest checkpoint, which is asked for first: so registries without it are never asked for it.
  let offersProved = false;
  let refusesProved = false;

  async function call<T>(endpoint: Endpoint<T>, { signal, about }: ApiCall): Promise<T> {
    const target = new URL(endpoint.path, url);
    const response = await transport.send({
      method: endpoint.method,
      url: target,
      headers: {
        accept: 'application/json',
        ...(endpoint.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(about === undefined ? {} : { [headerNames.registry]: about }),
      },
      ...(endpoint.body === undefined ? {} : { body: endpoint.body }),
      token: await token(),
      repeatable: endpoint.repeatable ?? true,
      cacheable: endpoint.cacheable ?? false,
      what: endpoint.what,
      signal,
    });
    const body = await readBody(response, {
      limit: response.ok ? endpoint.limit : protocolLimits.errorBody,
      limits,
      signal,
      what: endpoint.what,
    });
    if (!response.ok) throw apiFailure(endpoint, target, response, body);
    endpoint.onHeaders?.(response.headers);
    requireJson(endpoint, target, response);
    try {
      return endpoint.decode(body);
    } catch (cause) {
      if (!(cause instanceof WargError)) throw cause;
      throw new ClientError(
        'RESPONSE_INVALID',
        `the answer to ${endpoint.what} cannot be read: ${cause.message}`,
        { url: redact(target), status: response.status },
        { cause },
      );
    }
  }

  return {
    url,
    checkpoint: (context) =>
      call(
        {
          method: 'GET',
          path: paths.fetchCheckpoint(),
          family: 'fetch',
          limit: protocolLimits.checkpoint,
          decode: decodeSignedCheckpoint,
          what: 'the checkpoint',
          onHeaders: (found) => {
            offersProved = parseFeatures(found.get(headerNames.features)).has(features.proved);
          },
        },
        context,
      ),
    logs: (request, context) =>
      call(
        {
          method: 'POST',
          path: paths.fetchLogs(),
          body: encodeFetchLogsRequest(request),
          family: 'fetch',
          limit: limits.logsBytes,
          decode: decodeFetchLogsResponse,
          what: 'the logs',
        },
        context,
      ),
    inclusion: (request, context) =>
      call(
        {
          method: 'POST',
          path: paths.proveInclusion(),
          body: encodeInclusionRequest(request),
          family: 'proof',
          limit: limits.proofBytes,
          decode: decodeInclusionResponse,
          what: 'the proof of inclusion',
        },
        context,
      ),
    consistency: (request, context) =>
      call(
        {
          method: 'POST',
          path: paths.proveConsistency(),
          body: encodeConsistencyRequest(request),
          family: 'proof',
          limit: limits.proofBytes,
          decode: (body) => decodeConsistencyResponse(body).proof,
          what: 'the proof of consistency',
        },
        context,
      ),
    async proved(request, context) {
      if (!offersProved || refusesProved) return undefined;
      try {
        return await call(
          {
            method: 'GET',
            path: formatProvedLogRequest(request),
            family: 'fetch',
            limit: Math.min(limits.logsBytes, protocolLimits.provedAnswer),
            decode: decodeProvedLogResponse,
            what: 'the log with its proofs',
            cacheable: true,
          },
          context,
        );
      } catch (error) {
        if (!isNoSuchUrl(error)) throw error;
        refusesProved = true;
        return undefined;
      }
    },
    async absence(request, context) {
      try {
        return await call(
          {
            method: 'POST',
            path: paths.proveAbsence(),
            body: encodeAbsenceRequest(request),
            family: 'proof',
            limit: limits.proofBytes,
            decode: (body) => decodeAbsenceResponse(body).map,
            what: 'the proof of absence',
          },
          context,
        );
      } catch (error) {
        if (isUnknownCall(error)) return undefined;
        throw error;
      }
    },
    publish: (logId, request, context) =>
      call(
        {
          method: 'POST',
          path: paths.publishRecord(logId),
          body: encodePublishRecordRequest(request),
          family: 'package',
          limit: limits.jsonBytes,
          decode: decodePackageRecordResponse,
          what: 'the submission of the record',
          // The reference's server does not survive the same record twice. Whoever publishes looks first.
          repeatable: false,
        },
        context,
      ),
    record: (logId, recordId, context) =>
      call(
        {
          method: 'GET',
          path: paths.record(logId, recordId),
          family: 'package',
          limit: limits.jsonBytes,
          decode: decodePackageRecordResponse,
          what: 'the state of the record',
        },
        context,
      ),
    contentSources: (digest, context) =>
      call(
        {
          method: 'GET',
          path: paths.content(digest),
          family: 'content',
          limit: limits.jsonBytes,
          decode: decodeContentSourcesResponse,
          what: `the sources of content ${digest}`,
        },
        context,
      ),
  };
}

/** What a registry said in an error that a call threw, if it said anything. */
export function apiErrorOf(error: unknown): ApiError | undefined {
  return error instanceof ClientError && error.cause instanceof ApiError ? error.cause : undefined;
}

/** A server that has no such call says 404, 405 or 501, and none of the errors that the call would give. */
function isUnknownCall(error: unknown): boolean {
  const found = apiErrorOf(error);
  if (found === undefined || ![404, 405, 501].includes(found.status)) return false;
  return found.variant !== 'CheckpointNotFound' && found.variant !== 'LeafNotFound';
}

/**
 * Whoever stands before the registry may not let such a URL pass, or send it to a server that is older: they say so
 * with a status and words at most, while the registry names what it does not have.
 */
function isNoSuchUrl(error: unknown): boolean {
  const found = apiErrorOf(error);
  if (found === undefined || (found.variant !== 'Message' && found.variant !== 'NotSupported')) return false;
  return [400, 403, 404, 405, 410, 414, 501].includes(found.status);
}

function apiFailure(endpoint: Endpoint<unknown>, url: URL, response: Answer, body: Uint8Array): ClientError {
  const cause = decodeApiError(response.status, body, endpoint.family);
  const reason = forPeople(cause.message);
  const details = {
    url: redact(url),
    status: response.status,
    ...hintOf(response),
  };
  if (response.status === 401 || response.status === 403) {
    const token = tokenProblem(response);
    return new ClientError(
      'UNAUTHORIZED',
      refusal(endpoint.what, reason, token),
      { ...details, reason, ...(token === undefined ? {} : { token }) },
      { cause },
    );
  }
  return new ClientError(
    'REGISTRY_FAILED',
    `the registry answers ${endpoint.what} with status ${response.status}: ${reason}`,
    { ...details, reason },
    { cause },
  );
}

type TokenProblem = NonNullable<ClientErrorDetails['token']>;

function refusal(what: string, reason: string, token: TokenProblem | undefined): string {
  // Where it asks for a token, its own words would say the same once more; they stand in the details.
  if (token === 'missing') return `the registry needs a token for ${what}, and none was given`;
  const remedy = {
    refused: 'Give another token',
    insufficient: 'Give a token that may do this',
    none: 'Check whether the signing key may do this',
  }[token ?? 'none'];
  return `the registry does not allow ${what}: ${reason}. ${remedy}`;
}

/** What `WWW-Authenticate` says of the token (RFC 6750, section 3); undefined where it asks for none. */
function tokenProblem({ status, headers }: Answer): TokenProblem | undefined {
  const challenge = headers.get('www-authenticate') ?? '';
  if (!/^bearer\b/i.test(challenge)) return undefined;
  if (status === 403) return 'insufficient';
  return /\berror="?invalid_token\b/i.test(challenge) ? 'refused' : 'missing';
}

function hintOf(response: Answer): {
  readonly hint?: { readonly namespace: string; readonly registry: string };
} {
  const hint = parseRegistryHint(response.headers.get(headerNames.registryHint));
  return hint === undefined ? {} : { hint };
}

function requireJson(endpoint: Endpoint<unknown>, url: URL, response: Answer): void {
  const type = response.headers.get('content-type') ?? '';
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new ClientError(
    'RESPONSE_INVALID',
    `expected JSON as the answer to ${endpoint.what}, found ${quote(type)} from ${redact(url)}: check that this is the address of a warg registry`,
    { url: redact(url), status: response.status, found: type.slice(0, 100) },
  );
}
