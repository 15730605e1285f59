import { arrayOf, readMember, readObject, readU64, writeArray, writeText, writeU64 } from '../json/index.ts';
import { limits } from './limits.ts';
import {
  decodeStrict,
  type JsonInput,
  type MessageForm,
  readBytes,
  readLogId,
  type StrictValues,
  type WireValues,
  writeBytes,
} from './values.ts';

/** `POST v1/proof/inclusion`: that records stand in the log, and that the map points at them. */
export interface InclusionRequest<V extends WireValues = StrictValues> {
  /** The length of a signed checkpoint. */
  readonly logLength: V['integer'];
  /** Registry indices. Each must be the head of its own log at `logLength`. */
  readonly leafs: readonly V['integer'][];
}

/** Two proof bundles (Protocol Buffers), for the verifiers of `@warg/transparency`. */
export interface InclusionResponse {
  /** LogProofBundle */
  readonly log: Uint8Array;
  /** MapProofBundle, in the order of the request's leafs */
  readonly map: Uint8Array;
}

/** `POST v1/proof/consistency`: that the log of one checkpoint continues that of an earlier one. */
export interface ConsistencyRequest<V extends WireValues = StrictValues> {
  /** The older length. */
  readonly from: V['integer'];
  /** The newer length. */
  readonly to: V['integer'];
}

/** A proof bundle, for the verifiers of `@warg/transparency`. */
export interface ConsistencyResponse {
  /** LogProofBundle */
  readonly proof: Uint8Array;
}

/** `POST v1/proof/absence`: that the map has no entry for some logs. Only this implementation's servers have it. */
export interface AbsenceRequest<V extends WireValues = StrictValues> {
  /** The length of a signed checkpoint. */
  readonly logLength: V['integer'];
  readonly logIds: readonly V['logId'][];
}

/** A proof bundle, for the verifiers of `@warg/transparency`. */
export interface AbsenceResponse {
  /** MapProofBundle, in the order of the request's ids: the path to each empty place. */
  readonly map: Uint8Array;
}

const readIntegers = arrayOf(readU64);
const readLogIds = arrayOf(readLogId);

/** @internal */
export const inclusionRequestForm: MessageForm<InclusionRequest<WireValues>> = {
  maxLength: limits.inclusionBody,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      logLength: readMember(object, 'logLength', at, readU64),
      leafs: readMember(object, 'leafs', at, readIntegers),
    };
  },
  write: ({ logLength, leafs }) =>
    `{"logLength":${writeU64(logLength)},"leafs":${writeArray(leafs, writeU64)}}`,
};

/**
 * Reads a {@link InclusionRequest}.
 *
 * @throws DecodeError
 */
export function decodeInclusionRequest(input: JsonInput): InclusionRequest {
  return decodeStrict(inclusionRequestForm, input);
}

/** Writes a {@link InclusionRequest}. */
export function encodeInclusionRequest(request: InclusionRequest<WireValues>): string {
  return inclusionRequestForm.write(request);
}

/** @internal */
export const inclusionResponseForm: MessageForm<InclusionResponse> = {
  maxLength: limits.inclusionAnswer,
  read: (value, at) => {
    const object = readObject(value, at);
    return { log: readMember(object, 'log', at, readBytes), map: readMember(object, 'map', at, readBytes) };
  },
  write: ({ log, map }) => `{"log":${writeBytes(log)},"map":${writeBytes(map)}}`,
};

/**
 * Reads a {@link InclusionResponse}.
 *
 * @throws DecodeError
 */
export function decodeInclusionResponse(input: JsonInput): InclusionResponse {
  return decodeStrict(inclusionResponseForm, input);
}

/** Writes a {@link InclusionResponse}. */
export function encodeInclusionResponse(response: InclusionResponse): string {
  return inclusionResponseForm.write(response);
}

/** @internal */
export const consistencyRequestForm: MessageForm<ConsistencyRequest<WireValues>> = {
  maxLength: limits.consistencyBody,
  read: (value, at) => {
    const object = readObject(value, at);
    return { from: readMember(object, 'from', at, readU64), to: readMember(object, 'to', at, readU64) };
  },
  write: ({ from, to }) => `{"from":${writeU64(from)},"to":${writeU64(to)}}`,
};

/**
 * Reads a {@link ConsistencyRequest}.
 *
 * @throws DecodeError
 */
export function decodeConsistencyRequest(input: JsonInput): ConsistencyRequest {
  return decodeStrict(consistencyRequestForm, input);
}

/** Writes a {@link ConsistencyRequest}. */
export function encodeConsistencyRequest(request: ConsistencyRequest<WireValues>): string {
  return consistencyRequestForm.write(request);
}

/** @internal */
export const consistencyResponseForm: MessageForm<ConsistencyResponse> = {
  maxLength: limits.consistencyAnswer,
  read: (value, at) => ({ proof: readMember(readObject(value, at), 'proof', at, readBytes) }),
  write: ({ proof }) => `{"proof":${writeBytes(proof)}}`,
};

/**
 * Reads a {@link ConsistencyResponse}.
 *
 * @throws DecodeError
 */
export function decodeConsistencyResponse(input: JsonInput): ConsistencyResponse {
  return decodeStrict(consistencyResponseForm, input);
}

/** Writes a {@link ConsistencyResponse}. */
export function encodeConsistencyResponse(response: ConsistencyResponse): string {
  return consistencyResponseForm.write(response);
}

/** @internal */
export const absenceRequestForm: MessageForm<AbsenceRequest<WireValues>> = {
  maxLength: limits.absenceBody,
  read: (value, at) => {
    const object = readObject(value, at);
    return {
      logLength: readMember(object, 'logLength', at, readU64),
      logIds: readMember(object, 'logIds', at, readLogIds),
    };
  },
  write: ({ logLength, logIds }) =>
    `{"logLength":${writeU64(logLength)},"logIds":${writeArray(logIds, writeText)}}`,
};

/**
 * Reads a {@link AbsenceRequest}.
 *
 * @throws DecodeError
 */
export function decodeAbsenceRequest(input: JsonInput): AbsenceRequest {
  return decodeStrict(absenceRequestForm, input);
}

/** Writes a {@link AbsenceRequest}. */
export function encodeAbsenceRequest(request: AbsenceRequest<WireValues>): string {
  return absenceRequestForm.write(request);
}

/** @internal */
export const absenceResponseForm: MessageForm<AbsenceResponse> = {
  maxLength: limits.absenceAnswer,
  read: (value, at) => ({ map: readMember(readObject(value, at), 'map', at, readBytes) }),
  write: ({ map }) => `{"map":${writeBytes(map)}}`,
};

/**
 * Reads a {@link AbsenceResponse}.
 *
 * @throws DecodeError
 */
export function decodeAbsenceResponse(input: JsonInput): AbsenceResponse {
  return decodeStrict(absenceResponseForm, input);
}

/** Writes a {@link AbsenceResponse}. */
export function encodeAbsenceResponse(response: AbsenceResponse): string {
  return absenceResponseForm.write(response);
}
