import {
  isJsonObject,
  type JsonReader,
  mapOf,
  oneOf,
  parseJson,
  readDefaulted,
  readMember,
  readObject,
  readText,
  refuse,
  under,
  WIRE_ROOT,
  writeMap,
  writeText,
} from '../json/index.ts';
import { OPERATOR_PERMISSIONS } from '../records/operator-record.ts';
import type { NamespaceState, OperatorState } from './operator-state.ts';
import { MAX_STATE_LENGTH, readLogState, writeKeys, writeLogState } from './state-json.ts';

/**
 * Reads a state from the JSON in which the reference stores it. Nothing proves such a state: it is as good as the
 * place where it was kept.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE`
 */
export function decodeOperatorState(text: string | Uint8Array): OperatorState {
  return readOperatorState(parseJson(text, { maxLength: MAX_STATE_LENGTH }), WIRE_ROOT);
}

const readOperatorState: JsonReader<OperatorState> = (value, at) => {
  const object = readObject(value, at);
  return {
    ...readLogState(object, at, OPERATOR_PERMISSIONS),
    namespaces: readDefaulted(object, 'namespaces', at, mapOf(String, readDefinition), new Map()),
  };
};

const readDefinition: JsonReader<NamespaceState> = (value, at) =>
  readMember(readObject(value, at), 'state', at, readNamespaceState);

const readDefined = oneOf('defined');

const readNamespaceState: JsonReader<NamespaceState> = (value, at) => {
  if (!isJsonObject(value) || value.names[0] !== 'imported') return { state: readDefined(value, at) };
  if (value.names.length !== 1) return refuse('the member imported alone', value, at);
  const place = under(at, 'imported');
  const imported = readObject(value.values[0] ?? null, place);
  return { state: 'imported', registry: readMember(imported, 'registry', place, readText) };
};

/**
 * The JSON text in which the reference stores a state.
 *
 * @throws StateError `UNENCODABLE_STATE` if a timestamp lies before the epoch
 */
export function encodeOperatorState(state: OperatorState): string {
  const members = [...writeLogState(state), ...writeKeys(state)];
  if (state.namespaces.size > 0) members.push(`"namespaces":${writeMap(state.namespaces, writeDefinition)}`);
  return `{${members.join(',')}}`;
}

function writeDefinition(namespace: NamespaceState): string {
  switch (namespace.state) {
    case 'defined':
      return '{"state":"defined"}';
    case 'imported':
      return `{"state":{"imported":{"registry":${writeText(namespace.registry)}}}}`;
  }
}
