// The messages as schemas of their JSON, for documents (OpenAPI), for tools and for people. They are not what reads
// messages at run time: JSON.parse, which any schema library builds on, rounds integers beyond 2^53 and does not
// see a member that comes twice, and decoders are on the hot path of both ends. Tests hold the two together.

import * as z from 'zod/mini';
import { contentTypes } from './headers.ts';
import type { MessageName } from './messages.ts';

/** `sha256:` and 64 lowercase hex digits. */
const digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/));
const base64 = z.string().check(z.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/));
const signature = z.string().check(z.regex(/^ecdsa-p256:[A-Za-z0-9+/]+={0,2}$/));
const packageName = z
  .string()
  .check(z.regex(/^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*:[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*$/));
const integer = z.int().check(z.minimum(0));
const u16 = z.int().check(z.minimum(0), z.maximum(0xffff));

const envelope = z.object({ contentBytes: base64, keyId: z.string(), signature });
const publishedRecord = z.object({
  contentBytes: base64,
  keyId: z.string(),
  signature,
  registryIndex: integer,
  fetchToken: z.string(),
});
const signedCheckpoint = z.object({
  contents: z.object({ logRoot: digest, logLength: integer, mapRoot: digest, timestamp: integer }),
  keyId: z.string(),
  signature,
});
const fetchWarning = z.object({ message: z.string() });

const contentSource = z.object({
  type: z.literal('httpGet'),
  url: z.string(),
  acceptRanges: z.optional(z.boolean()),
  size: z.nullish(integer),
});
const contentSources = z.record(digest, z.array(contentSource));

const uploadEndpoint = z.object({
  type: z.literal('http'),
  method: z.string(),
  url: z.string(),
  headers: z.optional(z.record(z.string(), z.string())),
});
const missingContent = z.object({ upload: z.array(uploadEndpoint) });

const sourcing = { state: z.literal('sourcing'), missingContent: z.record(digest, missingContent) };
const processing = { state: z.literal('processing') };
const rejected = { state: z.literal('rejected'), reason: z.string() };
const published = { state: z.literal('published'), registryIndex: integer };
const recordId = { recordId: digest };

const verificationState = z.enum(['unverified', 'verified', 'invalid']);
const ledgerSourceContentType = z.literal(contentTypes.ledgerPacked);
const ledgerSource = z.object({
  firstRegistryIndex: integer,
  lastRegistryIndex: integer,
  url: z.string(),
  contentType: ledgerSourceContentType,
  acceptRanges: z.optional(z.boolean()),
});

const inclusionResponse = z.object({ log: base64, map: base64 });
const provedPart = z.object({ records: z.array(publishedRecord) });
const provedWhole = z.object({ records: z.array(publishedRecord), inclusion: inclusionResponse });

/** The JSON of every message, by the message's name. */
export const messageSchemas = {
  WellKnownConfig: z.object({
    ociRegistry: z.nullish(z.string()),
    ociNamespacePrefix: z.nullish(z.string()),
    wargUrl: z.nullish(z.string()),
  }),
  SignedCheckpoint: signedCheckpoint,
  VerificationState: verificationState,
  CheckpointVerificationResponse: z.object({
    checkpoint: verificationState,
    signature: verificationState,
    retryAfter: z.nullish(u16),
  }),
  FetchLogsRequest: z.strictObject({
    logLength: integer,
    limit: z.nullish(u16),
    operator: z.nullish(z.string()),
    packages: z.optional(z.record(digest, z.nullable(z.string()))),
  }),
  FetchLogsResponse: z.object({
    more: z.optional(z.boolean()),
    operator: z.optional(z.array(publishedRecord)),
    packages: z.optional(z.record(digest, z.array(publishedRecord))),
    warnings: z.optional(z.array(fetchWarning)),
  }),
  FetchWarning: fetchWarning,
  PublishedRecord: publishedRecord,
  FetchPackageNamesRequest: z.object({ packages: z.array(digest) }),
  FetchPackageNamesResponse: z.object({ packages: z.record(digest, z.nullable(packageName)) }),
  ContentSource: contentSource,
  ContentSourcesResponse: z.object({ contentSources }),
  PublishRecordRequest: z.object({
    packageName,
    record: envelope,
    contentSources: z.optional(contentSources),
  }),
  UploadEndpoint: uploadEndpoint,
  MissingContent: missingContent,
  PackageRecordState: z.discriminatedUnion('state', [
    z.object(sourcing),
    z.object(processing),
    z.object(rejected),
    z.object(published),
  ]),
  PackageRecordResponse: z.discriminatedUnion('state', [
    z.object({ ...recordId, ...sourcing }),
    z.object({ ...recordId, ...processing }),
    z.object({ ...recordId, ...rejected }),
    z.object({ ...recordId, ...published }),
  ]),
  InclusionRequest: z.object({ logLength: integer, leafs: z.array(integer) }),
  InclusionResponse: inclusionResponse,
  ConsistencyRequest: z.object({ from: integer, to: integer }),
  ConsistencyResponse: z.object({ proof: base64 }),
  AbsenceRequest: z.object({ logLength: integer, logIds: z.array(digest) }),
  AbsenceResponse: z.object({ map: base64 }),
  ProvedLogResponse: z.discriminatedUnion('more', [
    z.object({
      checkpoint: signedCheckpoint,
      more: z.literal(false),
      operator: z.nullish(provedWhole),
      log: provedWhole,
    }),
    z.object({
      checkpoint: signedCheckpoint,
      more: z.literal(true),
      operator: z.nullish(provedPart),
      log: provedPart,
    }),
  ]),
  LedgerSource: ledgerSource,
  LedgerSourceContentType: ledgerSourceContentType,
  LedgerSourcesResponse: z.object({ hashAlgorithm: z.literal('sha256'), sources: z.array(ledgerSource) }),
} as const satisfies Record<MessageName, z.ZodMiniType>;

const messageError = z.object({ status: u16, message: z.string() });

function entityError<const T extends readonly string[]>(status: number, types: T, id: z.ZodMiniType) {
  return z.object({ status: z.literal(status), type: z.enum(types), id });
}

const withdrawnError = z.object({
  status: z.literal(451),
  type: z.literal('contentDigest'),
  id: digest,
  reason: z.string(),
  message: z.string(),
});

/** The JSON of the errors that each part of the API answers with, the most telling form first. */
export const errorSchemas = {
  fetch: z.union([
    entityError(404, ['logLength'], integer),
    entityError(404, ['log'], digest),
    entityError(404, ['fetchToken'], z.string()),
    messageError,
  ]),
  content: z.union([entityError(404, ['contentDigest'], digest), withdrawnError, messageError]),
  package: z.union([
    entityError(404, ['log', 'record'], digest),
    entityError(404, ['namespace', 'name'], z.string()),
    entityError(409, ['record'], digest),
    entityError(409, ['namespaceImport', 'namespace', 'name'], z.string()),
    z.object({ status: z.literal(405) }),
    withdrawnError,
    messageError,
  ]),
  proof: z.union([
    entityError(404, ['logLength', 'leaf'], integer),
    z.object({ status: z.literal(422), reason: z.literal('packageNotIncluded'), log_id: digest }),
    z.object({ status: z.literal(422), reason: z.literal('incorrectProof'), root: digest, found: digest }),
    z.object({ status: z.literal(422), reason: z.literal('failure'), message: z.string() }),
    messageError,
  ]),
  monitor: messageError,
  ledger: messageError,
} as const;

/**
 * Everything as JSON Schema (draft 2020-12, which OpenAPI 3.1 uses), by name: messages by their own, errors as
 * `FetchError`, `PackageError` and so on.
 */
export function jsonSchemas(): Readonly<Record<string, object>> {
  const all: Record<string, object> = {};
  for (const [name, schema] of Object.entries(messageSchemas))
    all[name] = z.toJSONSchema(schema, { io: 'input' });
  for (const [family, schema] of Object.entries(errorSchemas)) {
    all[`${family[0]?.toUpperCase()}${family.slice(1)}Error`] = z.toJSONSchema(schema, {
      io: 'input',
      // An error names what was asked for, which may be any integer that the wire can carry.
      override: ({ jsonSchema }) => {
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      },
    });
  }
  return all;
}
