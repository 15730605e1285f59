// Errors as JSON. On the wire they do not say which part of the API they come from, and the same text can mean
// different errors there; so each part (ErrorFamily) has a reader of its own, whose forms are tried in order, as
// the reference does. A form that fits but names something impossible ends the search.

import { parseHashText } from '../ids.ts';
import {
  DecodeError,
  type JsonObject,
  type JsonPath,
  type JsonReader,
  oneOf,
  parseJson,
  readMember,
  readObject,
  readTag,
  readText,
  readU16,
  readU64,
  refuse,
  refuseIllFormed,
  textAs,
  WIRE_ROOT,
  writeText,
  writeU16,
  writeU64,
} from '../json/index.ts';
import { ApiError } from './api-error.ts';
import { type ApiErrorCase, messageOf, statusOf } from './error-cases.ts';
import { limits } from './limits.ts';
import type { JsonInput } from './values.ts';

/** The part of the API that an error comes from. */
export type ErrorFamily = 'fetch' | 'content' | 'package' | 'proof' | 'monitor' | 'ledger';

/** Body and status of the answer that tells an error. */
export function encodeApiError(error: ApiError | ApiErrorCase): {
  readonly status: number;
  readonly body: string;
} {
  const one = error instanceof ApiError ? error.case : error;
  return { status: statusOf(one), body: writeError(one) };
}

function writeError(error: ApiErrorCase): string {
  switch (error.variant) {
    case 'CheckpointNotFound':
      return `{"status":404,"type":"logLength","id":${writeU64(error.id)}}`;
    case 'LeafNotFound':
      return `{"status":404,"type":"leaf","id":${writeU64(error.id)}}`;
    case 'LogNotFound':
      return `{"status":404,"type":"log","id":${writeText(error.id)}}`;
    case 'RecordNotFound':
      return `{"status":404,"type":"record","id":${writeText(error.id)}}`;
    case 'FetchTokenNotFound':
      return `{"status":404,"type":"fetchToken","id":${writeText(error.id)}}`;
    case 'ContentDigestNotFound':
      return `{"status":404,"type":"contentDigest","id":${writeText(error.id)}}`;
    case 'NamespaceNotDefined':
      return `{"status":404,"type":"namespace","id":${writeText(error.id)}}`;
    case 'PackageNameNotFound':
      return `{"status":404,"type":"name","id":${writeText(error.id)}}`;
    case 'NamespaceImported':
      return `{"status":409,"type":"namespaceImport","id":${writeText(error.id)}}`;
    case 'ConflictPendingPublish':
      return `{"status":409,"type":"record","id":${writeText(error.id)}}`;
    case 'PackageNameConflict':
      return `{"status":409,"type":"name","id":${writeText(error.id)}}`;
    case 'NamespaceConflict':
      return `{"status":409,"type":"namespace","id":${writeText(error.id)}}`;
    case 'ContentWithdrawn':
      // With a message, for those who know no more of errors than that.
      return (
        `{"status":451,"type":"contentDigest","id":${writeText(error.id)},"reason":${writeText(error.reason)},` +
        `"message":${writeText(messageOf(error))}}`
      );
    case 'RecordNotSourcing':
      return '{"status":405}';
    case 'PackageLogNotIncluded':
      // In snake case, unlike everything else: the reference forgot to rename it.
      return `{"status":422,"reason":"packageNotIncluded","log_id":${writeText(error.id)}}`;
    case 'IncorrectProof':
      return `{"status":422,"reason":"incorrectProof","root":${writeText(error.root)},"found":${writeText(error.found)}}`;
    case 'BundleFailure':
      return `{"status":422,"reason":"failure","message":${writeText(error.detail)}}`;
    case 'Unauthorized':
    case 'Rejection':
    case 'NotSupported':
    case 'Message':
      return `{"status":${writeU16(statusOf(error))},"message":${writeText(error.detail)}}`;
  }
}

/** Throws if the object has another form; gives back what makes the error of it, which may throw for good. */
type Form = (object: JsonObject, at: JsonPath) => () => ApiErrorCase;

const readHash = textAs('a hash', parseHashText);

function readStatus(expected: number): JsonReader<number> {
  return (value, at) =>
    readU16(value, at) === expected ? expected : refuse(`status ${expected}`, value, at);
}

/** `{status, type, id}`, with the errors that it stands for by type. */
function entityForm<T extends string, Id>(
  status: number,
  types: readonly T[],
  readId: JsonReader<Id>,
  errorOf: (type: T, id: Id, at: JsonPath) => ApiErrorCase,
): Form {
  const readType = oneOf(...types);
  const readThisStatus = readStatus(status);
  return (object, at) => {
    readMember(object, 'status', at, readThisStatus);
    const type = readMember(object, 'type', at, readType);
    const id = readMember(object, 'id', at, readId);
    return () => errorOf(type, id, at);
  };
}

/** `{status, message}` with one status. */
function messageForm(status: number, variant: 'Unauthorized' | 'Rejection' | 'NotSupported'): Form {
  const readThisStatus = readStatus(status);
  return (object, at) => {
    readMember(object, 'status', at, readThisStatus);
    const detail = readMember(object, 'message', at, readText);
    return () => ({ variant, detail });
  };
}

const anyMessage: Form = (object, at) => {
  const status = readMember(object, 'status', at, readU16);
  const detail = readMember(object, 'message', at, readText);
  return () => ({ variant: 'Message', status, detail });
};

const notSourcing: Form = (object, at) => {
  readMember(object, 'status', at, readStatus(405));
  return () => ({ variant: 'RecordNotSourcing' });
};

const bundleErrors: Form = (object, at) => {
  readMember(object, 'status', at, readStatus(422));
  switch (readTag(object, 'reason', ['packageNotIncluded', 'incorrectProof', 'failure'], at, true)) {
    case 'packageNotIncluded': {
      const id = readMember(object, 'log_id', at, readHash);
      return () => ({ variant: 'PackageLogNotIncluded', id });
    }
    case 'incorrectProof': {
      const root = readMember(object, 'root', at, readHash);
      const found = readMember(object, 'found', at, readHash);
      return () => ({ variant: 'IncorrectProof', root, found });
    }
    case 'failure': {
      const detail = readMember(object, 'message', at, readText);
      return () => ({ variant: 'BundleFailure', detail });
    }
  }
};

const FETCH_TYPES = ['logLength', 'log', 'fetchToken'] as const;
const PACKAGE_TYPES = ['log', 'record', 'namespace', 'namespaceImport', 'name'] as const;

const FORMS: { readonly [F in ErrorFamily]: readonly Form[] } = {
  fetch: [
    // An id that is a number makes it a length, whatever the type says.
    entityForm(404, FETCH_TYPES, readU64, (_, id) => ({ variant: 'CheckpointNotFound', id, asked: 'logs' })),
    entityForm(404, FETCH_TYPES, readText, (type, id, at) => {
      if (type === 'log') return { variant: 'LogNotFound', id: readHash(id, at) };
      if (type === 'fetchToken') return { variant: 'FetchTokenNotFound', id };
      return refuse('a log length', id, at);
    }),
    anyMessage,
  ],
  content: [
    entityForm(404, ['contentDigest'], readText, (_, id, at) => ({
      variant: 'ContentDigestNotFound',
      id: readHash(id, at),
    })),
    anyMessage,
  ],
  package: [
    messageForm(401, 'Unauthorized'),
    entityForm(404, PACKAGE_TYPES, readText, (type, id, at) => {
      if (type === 'log') return { variant: 'LogNotFound', id: readHash(id, at) };
      if (type === 'record') return { variant: 'RecordNotFound', id: readHash(id, at) };
      if (type === 'namespace') return { variant: 'NamespaceNotDefined', id };
      return refuse('log, record or namespace as the type of what was not found', type, at);
    }),
    entityForm(409, PACKAGE_TYPES, readText, (type, id, at) => {
      if (type === 'namespaceImport') return { variant: 'NamespaceImported', id };
      if (type === 'record') return { variant: 'ConflictPendingPublish', id: readHash(id, at) };
      return refuse('namespaceImport or record as the type of a conflict', type, at);
    }),
    notSourcing,
    messageForm(422, 'Rejection'),
    messageForm(501, 'NotSupported'),
    anyMessage,
  ],
  proof: [
    entityForm(404, ['logLength', 'leaf'], readU64, (type, id) =>
      type === 'leaf'
        ? { variant: 'LeafNotFound', id }
        : { variant: 'CheckpointNotFound', id, asked: 'proof' },
    ),
    bundleErrors,
    anyMessage,
  ],
  monitor: [anyMessage],
  ledger: [anyMessage],
};

/** What only this implementation writes. */
const OWN_FORMS: readonly Form[] = [
  (object, at) => {
    readMember(object, 'status', at, readStatus(451));
    readMember(object, 'type', at, oneOf('contentDigest'));
    const id = readMember(object, 'id', at, readHash);
    const reason = readMember(object, 'reason', at, readText);
    return () => ({ variant: 'ContentWithdrawn', id, reason });
  },
  entityForm(404, ['name'], readText, (_, id) => ({ variant: 'PackageNameNotFound', id })),
  entityForm(409, ['name', 'namespace'], readText, (type, id) => ({
    variant: type === 'name' ? 'PackageNameConflict' : 'NamespaceConflict',
    id,
  })),
];

function readError(forms: readonly Form[], object: JsonObject): ApiErrorCase {
  const at = WIRE_ROOT;
  for (const form of forms) {
    let make: () => ApiErrorCase;
    try {
      make = form(object, at);
    } catch (error) {
      if (error instanceof DecodeError) continue;
      throw error;
    }
    return make();
  }
  return refuse('one of the errors of this part of the API', object, at);
}

function parseError(input: JsonInput): JsonObject {
  const value = parseJson(input, { maxLength: limits.errorBody });
  refuseIllFormed(value, WIRE_ROOT);
  return readObject(value, WIRE_ROOT);
}

/**
 * Reads the body of an error exactly as the reference would. For answers from the network `decodeApiError` is the
 * one to call: it takes whatever comes.
 *
 * @throws DecodeError
 */
export function decodeErrorBody(family: ErrorFamily, input: JsonInput): ApiError {
  return new ApiError(readError(FORMS[family], parseError(input)));
}

/** The first reading that fits the HTTP status and says more than `{status, message}`; else a mere message. */
function readAnyError(
  status: number,
  object: JsonObject,
  family: ErrorFamily | undefined,
): ApiErrorCase | undefined {
  let message: ApiErrorCase | undefined;
  const families = family === undefined ? (['proof', 'package', 'fetch', 'content'] as const) : [family];
  for (const forms of [...families.map((name) => FORMS[name]), OWN_FORMS]) {
    try {
      const one = readError(forms, object);
      if (statusOf(one) !== status) continue;
      if (one.variant !== 'Message') return one;
      message = one;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return message;
}

/**
 * Makes an error of an answer with an HTTP status other than 2xx. It never throws: what no error of the API fits
 * (a proxy's page, a text, nothing) becomes an `API_ERROR` with the status and the best words there are.
 *
 * @param status the HTTP status, which counts more than the one in the body
 * @param family the part of the API that was asked; without it, errors are told apart by their form alone
 * @example throw decodeApiError(response.status, await response.text(), 'fetch');
 */
export function decodeApiError(status: number, input: JsonInput, family?: ErrorFamily): ApiError {
  let object: JsonObject | undefined;
  try {
    object = parseError(input);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  const read = object === undefined ? undefined : readAnyError(status, object, family);
  return new ApiError(read ?? { variant: 'Message', status, detail: wordsOf(status, input, object) });
}

const PRINTABLE_LINE = /^[^<>\p{C}]{1,200}$/u;

function wordsOf(status: number, input: JsonInput, object: JsonObject | undefined): string {
  const message = object?.values[object.names.indexOf('message')];
  const text =
    typeof message === 'string' ? message : typeof input === 'string' && object === undefined ? input : '';
  const line = text.trim();
  return PRINTABLE_LINE.test(line) ? line : `the registry answered with HTTP status ${status}`;
}
