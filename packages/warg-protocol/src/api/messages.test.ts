import { readFileSync } from 'node:fs';
import { digestFromBytes, generatePrivateKey, signMessage } from '@warg/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogId, RecordId } from '../ids.ts';
import { DecodeError } from '../json/index.ts';
import type { PackageName } from '../names/package-name.ts';
import {
  decodeAsWritten,
  decodeMessage,
  encodeMessage,
  type MessageName,
  type Messages,
  messageNames,
} from './messages.ts';
import { jsonSchemas, messageSchemas } from './schemas.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const integer = fc.maxSafeNat();
const u16 = fc.integer({ min: 0, max: 65535 });
const bytes = fc.uint8Array({ maxLength: 100 });
const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => digestFromBytes(b) as LogId & RecordId);
const signatures = [1, 2, 3].map((n) => signMessage(generatePrivateKey(), new Uint8Array(n)));
const signature = fc.constantFrom(...signatures);
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,5})?$/);
const packageName = fc.tuple(word, word).map(([a, b]) => `${a}:${b}` as PackageName);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const listOf = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 4 });
const mapOf = <K, T>(names: fc.Arbitrary<K>, values: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<K, T>> =>
  fc.array(fc.tuple(names, values), { maxLength: 4 }).map((entries) => new Map(entries));

const envelope = { contentBytes: bytes, keyId: text, signature };
const publishedRecord = fc.record({ ...envelope, registryIndex: integer, fetchToken: text });
const fetchWarning = fc.record({ message: text });
const contentSource = fc.record({
  type: fc.constant('httpGet' as const),
  url: text,
  acceptRanges: fc.boolean(),
  size: optional(integer),
});
const contentSources = mapOf(hash, listOf(contentSource));
const uploadEndpoint = fc.record({
  type: fc.constant('http' as const),
  method: text,
  url: text,
  headers: mapOf(text, text),
});
const missingContent = fc.record({ upload: listOf(uploadEndpoint) });
const recordState: fc.Arbitrary<Messages['PackageRecordState']> = fc.oneof(
  fc.record({ state: fc.constant('sourcing' as const), missingContent: mapOf(hash, missingContent) }),
  fc.record({ state: fc.constant('processing' as const) }),
  fc.record({ state: fc.constant('rejected' as const), reason: text }),
  fc.record({ state: fc.constant('published' as const), registryIndex: integer }),
);
const verificationState = fc.constantFrom('unverified' as const, 'verified' as const, 'invalid' as const);
const contentType = fc.constant('application/vnd.warg.ledger.packed' as const);
const ledgerSource = fc.record({
  firstRegistryIndex: integer,
  lastRegistryIndex: integer,
  url: text,
  contentType,
  acceptRanges: fc.boolean(),
});

const signedCheckpoint = fc.record({
  contents: fc.record({ logRoot: hash, logLength: integer, mapRoot: hash, timestamp: integer }),
  keyId: text,
  signature,
});
const provedPart = fc.record({ records: listOf(publishedRecord) });
const provedWhole = fc.record({
  records: listOf(publishedRecord),
  inclusion: fc.record({ log: bytes, map: bytes }),
});

const arbitraries: { readonly [N in MessageName]: fc.Arbitrary<Messages[N]> } = {
  WellKnownConfig: fc.record({
    ociRegistry: optional(text),
    ociNamespacePrefix: optional(text),
    wargUrl: optional(text),
  }),
  SignedCheckpoint: signedCheckpoint,
  VerificationState: verificationState,
  CheckpointVerificationResponse: fc.record({
    checkpoint: verificationState,
    signature: verificationState,
    retryAfter: optional(u16),
  }),
  FetchLogsRequest: fc.record({
    logLength: integer,
    limit: optional(u16),
    operator: optional(text),
    packages: mapOf(hash, fc.option(text)),
  }),
  FetchLogsResponse: fc.record({
    more: fc.boolean(),
    operator: listOf(publishedRecord),
    packages: mapOf(hash, listOf(publishedRecord)),
    warnings: listOf(fetchWarning),
  }),
  FetchWarning: fetchWarning,
  PublishedRecord: publishedRecord,
  FetchPackageNamesRequest: fc.record({ packages: listOf(hash) }),
  FetchPackageNamesResponse: fc.record({ packages: mapOf(hash, fc.option(packageName)) }),
  ContentSource: contentSource,
  ContentSourcesResponse: fc.record({ contentSources }),
  PublishRecordRequest: fc.record({ packageName, record: fc.record(envelope), contentSources }),
  UploadEndpoint: uploadEndpoint,
  MissingContent: missingContent,
  PackageRecordState: recordState,
  PackageRecordResponse: fc.tuple(hash, recordState).map(([recordId, state]) => ({ recordId, ...state })),
  InclusionRequest: fc.record({ logLength: integer, leafs: listOf(integer) }),
  InclusionResponse: fc.record({ log: bytes, map: bytes }),
  ConsistencyRequest: fc.record({ from: integer, to: integer }),
  ConsistencyResponse: fc.record({ proof: bytes }),
  AbsenceRequest: fc.record({ logLength: integer, logIds: listOf(hash) }),
  AbsenceResponse: fc.record({ map: bytes }),
  ProvedLogResponse: fc.oneof(
    fc.record({
      checkpoint: signedCheckpoint,
      more: fc.constant(false),
      operator: optional(provedWhole),
      log: provedWhole,
    }),
    fc.record({
      checkpoint: signedCheckpoint,
      more: fc.constant(true),
      operator: optional(provedPart),
      log: provedPart,
    }),
  ),
  LedgerSource: ledgerSource,
  LedgerSourceContentType: contentType,
  LedgerSourcesResponse: fc.record({
    hashAlgorithm: fc.constant('sha256' as const),
    sources: listOf(ledgerSource),
  }),
};

/** Pieces of JSON that stand where they should not. */
const PIECES = [
  'null',
  'true',
  '-1',
  '-0',
  '1.0',
  '1e999',
  '18446744073709551616',
  '""',
  '"\\ud800"',
  '"AQ="',
  '[]',
  '{}',
  '"sha256:"',
  '{"x":null}',
];

const change = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('replace', 'insert', 'cut', 'repeat', 'rename'),
  piece: fc.constantFrom(...PIECES),
  character: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '0', ' ', 'é', '\u0000'),
});

function changed(
  json: string,
  { at, kind, piece, character }: { at: number; kind: string; piece: string; character: string },
) {
  const tokens = [...json.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+|true|false|null/g)];
  const token = tokens[at % Math.max(tokens.length, 1)];
  const place = at % (json.length + 1);
  if (kind === 'insert' || token === undefined) return json.slice(0, place) + character + json.slice(place);
  if (kind === 'cut') return json.slice(0, place) + json.slice(place + 1);
  const before = json.slice(0, token.index);
  const after = json.slice(token.index + token[0].length);
  if (kind === 'repeat') return `${before}${token[0]},${token[0]}${after}`;
  if (kind === 'rename') return `${before}"unknown":1,${token[0]}${after}`;
  return before + piece + after;
}

describe.each(messageNames)('%s', (name) => {
  const arbitrary = arbitraries[name] as fc.Arbitrary<Messages[typeof name]>;

  it('is read as it was written, from text and bytes, by both decoders', () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const json = encodeMessage(name, message);
        expect(decodeMessage(name, json)).toEqual(message);
        expect(decodeAsWritten(name, new TextEncoder().encode(json))).toEqual(message);
        expect(encodeMessage(name, decodeMessage(name, json))).toBe(json);
      }),
    );
  });

  it('is what its schema describes', () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        messageSchemas[name].parse(JSON.parse(encodeMessage(name, message)));
      }),
      { numRuns: 30 },
    );
    expect(jsonSchemas()[name]).toBeTypeOf('object');
  });

  it('is read or refused with a typed error after any change', () => {
    fc.assert(
      fc.property(arbitrary, fc.array(change, { minLength: 1, maxLength: 3 }), (message, changes) => {
        const json = changes.reduce(changed, encodeMessage(name, message));
        for (const decode of [decodeMessage, decodeAsWritten]) {
          try {
            const read = decode(name, json);
            expect(decode(name, encodeMessage(name, read))).toEqual(read);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

interface InputCase {
  readonly kind: string;
  readonly type: string;
  readonly input?: string;
}

/** Accepted for the sake of the wire, and not worth a line in a schema. */
const UNDESCRIBED = /accept_ranges|\{"(?:verified|unverified|invalid|sha256)":null\}/;

describe('the schemas', () => {
  it('describe whatever the decoders accept of the vectors', () => {
    const file = new URL('../../../../vectors/api.json', import.meta.url);
    const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly InputCase[] };
    let checked = 0;
    for (const { type, input } of cases) {
      const name = type === 'PackageRecord' ? 'PackageRecordResponse' : (type as MessageName);
      if (input === undefined || !messageNames.includes(name) || UNDESCRIBED.test(input)) continue;
      try {
        decodeMessage(name, input);
      } catch (error) {
        if (error instanceof DecodeError) continue;
        throw error;
      }
      messageSchemas[name].parse(JSON.parse(input));
      checked++;
    }
    expect(checked).toBeGreaterThan(80);
  });
});

describe('decoders for everyday use', () => {
  const digits = '00'.repeat(32);

  it('refuse integers beyond 2^53−1 by name, and decodeAsWritten keeps them', () => {
    const json = `{"logLength":18446744073709551615,"packages":{"sha256:${digits}":null}}`;
    expect(() => decodeMessage('FetchLogsRequest', json)).toThrow(
      expect.objectContaining({ code: 'INTEGER_TOO_LARGE', path: 'logLength', value: 2n ** 64n - 1n }),
    );
    const request = decodeAsWritten('FetchLogsRequest', json);
    expect(request.logLength).toBe(2n ** 64n - 1n);
    expect(encodeMessage('FetchLogsRequest', request)).toBe(json);
  });

  it('refuse hashes that are not of 64 digits, and decodeAsWritten keeps them', () => {
    const json = '{"packages":["sha256:","sha256:abcd"]}';
    expect(() => decodeMessage('FetchPackageNamesRequest', json)).toThrow(
      expect.objectContaining({ code: 'INVALID_BODY', path: 'packages[0]' }),
    );
    expect(encodeMessage('FetchPackageNamesRequest', decodeAsWritten('FetchPackageNamesRequest', json))).toBe(
      json,
    );
  });

  it('refuse unknown members of a fetch, and pass over those of anything else', () => {
    expect(() => decodeMessage('FetchLogsRequest', '{"logLength":1,"since":2}')).toThrow(
      expect.objectContaining({ code: 'INVALID_BODY', path: 'since' }),
    );
    expect(decodeMessage('ConsistencyRequest', '{"from":1,"since":2,"to":3,"since":"\\ud800"}')).toEqual({
      from: 1,
      to: 3,
    });
  });

  it('refuse bodies beyond their cap', () => {
    const json = `{"from":1,"to":2,"padding":"${'x'.repeat(5000)}"}`;
    expect(() => decodeMessage('ConsistencyRequest', json)).toThrow(
      expect.objectContaining({ code: 'BODY_TOO_LARGE' }),
    );
  });
});
