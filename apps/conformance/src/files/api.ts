// api.json: names, paths, messages and errors of the HTTP API.

import { type HashText, parseHashText } from '@warg/protocol';
import {
  ApiError,
  type ApiErrorCase,
  DecodeError,
  decodeApiError,
  decodeAsWritten,
  decodeErrorBody,
  decodeMessage,
  type ErrorFamily,
  encodeApiError,
  encodeMessage,
  headers,
  type MessageName,
  messageNames,
  paths,
} from '@warg/protocol/api';
import { type Expected, expectVerdict, type Kinds, same } from '../verdict.ts';

/** The reference's names of types, where they are not ours. */
const MESSAGES: Record<string, MessageName> = {
  'SerdeEnvelope<TimestampedCheckpoint>': 'SignedCheckpoint',
  PackageRecord: 'PackageRecordResponse',
};

const FAMILIES: Record<string, ErrorFamily> = {
  FetchError: 'fetch',
  ContentError: 'content',
  PackageError: 'package',
  ProofError: 'proof',
  MonitorError: 'monitor',
  LedgerError: 'ledger',
};

interface ReadError extends Expected {
  readonly variant: string;
  readonly status: number;
  readonly message: string;
  readonly reserialized: string;
}

function messageName(type: string): MessageName {
  const name = MESSAGES[type] ?? type;
  if (!messageNames.includes(name as MessageName)) throw new Error(`unknown type ${type}`);
  return name as MessageName;
}

function rewrite(type: string, text: string): string {
  const name = messageName(type);
  return encodeMessage(name, decodeAsWritten(name, text));
}

/** The decoders for everyday use accept less (no integers beyond 2^53−1, hashes of 64 digits), but read the same. */
function checkEverydayDecoder(type: string, text: string, expected: string | undefined): void {
  const name = messageName(type);
  let written: string;
  try {
    written = encodeMessage(name, decodeMessage(name, text));
  } catch (error) {
    if (error instanceof DecodeError) return;
    throw error;
  }
  same(written, expected, 'written again after the everyday decoder');
}

function checkError(error: ApiError, expected: Omit<ReadError, 'verdict'>): void {
  same(error.variant, expected.variant, 'variant');
  same(error.status, expected.status, 'status');
  same(error.message, expected.message, 'message');
  same(encodeApiError(error), { status: expected.status, body: expected.reserialized }, 'answer');
}

/** The fields of an error case, as ours name them. */
function errorCase(type: string, variant: string, fields: Record<string, string | number>): ApiErrorCase {
  const text = (name: string) => String(fields[name]);
  const hash = (name: string): HashText => parseHashText(text(name));
  const detail = text('message');
  switch (variant) {
    case 'CheckpointNotFound':
      return { variant, id: BigInt(text('logLength')), asked: type === 'ProofError' ? 'proof' : 'logs' };
    case 'LeafNotFound':
      return { variant, id: BigInt(text('leaf')) };
    case 'LogNotFound':
    case 'PackageLogNotIncluded':
      return { variant, id: hash('logId') };
    case 'RecordNotFound':
    case 'ConflictPendingPublish':
      return { variant, id: hash('recordId') };
    case 'ContentDigestNotFound':
      return { variant, id: hash('digest') };
    case 'FetchTokenNotFound':
      return { variant, id: text('token') };
    case 'NamespaceNotDefined':
    case 'NamespaceImported':
      return { variant, id: text('namespace') };
    case 'IncorrectProof':
      return { variant, root: hash('root'), found: hash('found') };
    case 'RecordNotSourcing':
      return { variant };
    case 'Unauthorized':
    case 'NotSupported':
    case 'Rejection':
    case 'BundleFailure':
      return { variant, detail };
    case 'Message':
      return { variant, status: Number(fields['status']), detail };
    default:
      throw new Error(`unknown variant ${variant}`);
  }
}

export const kinds: Kinds = {
  constant(c) {
    const constants: Record<string, string> = {
      wellKnownPath: paths.wellKnownWasmPkg(),
      registryHeaderName: headers.registry,
      registryHintHeaderName: headers.registryHint,
    };
    same(constants[c.name], c.value, c.name);
  },

  path(c) {
    const { logId, recordId, digest } = c.arguments;
    const made: Record<string, () => string> = {
      fetchLogs: () => paths.fetchLogs(),
      fetchCheckpoint: () => paths.fetchCheckpoint(),
      fetchPackageNames: () => paths.fetchNames(),
      ledgerSources: () => paths.ledger(),
      proveConsistency: () => paths.proveConsistency(),
      proveInclusion: () => paths.proveInclusion(),
      verifyCheckpoint: () => paths.verifyCheckpoint(),
      publishPackageRecord: () => paths.publishRecord(logId),
      packageRecord: () => paths.record(logId, recordId),
      contentSources: () => paths.content(digest),
    };
    same(made[c.name]?.(), c.path, c.name);
  },

  serialize(c) {
    // Reading the text and writing it again goes through our value for it, so both directions are held against it.
    same(rewrite(c.type, c.json), c.json, 'written again');
  },

  error(c) {
    const family = FAMILIES[c.type];
    if (family === undefined) throw new Error(`unknown type ${c.type}`);
    checkError(new ApiError(errorCase(c.type, c.variant, c.fields)), { ...c, reserialized: c.json });
    expectVerdict(
      c.readsBackAs,
      () => decodeErrorBody(family, c.json),
      (error) => checkError(error, c.readsBackAs),
    );
  },

  input(c) {
    const family = FAMILIES[c.type];
    if (family !== undefined) {
      expectVerdict(
        c,
        () => decodeErrorBody(family, c.input),
        (error) => checkError(error, c),
      );
      decodeApiError(c.status ?? 500, c.input, family); // takes anything
      return;
    }
    expectVerdict(
      c,
      () => rewrite(c.type, c.input),
      (text) => same(text, c.reserialized, 'written again'),
    );
    checkEverydayDecoder(c.type, c.input, c.reserialized);
  },
};
