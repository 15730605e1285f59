// state-package.json and state-operator.json have the same kinds; only the state differs.

import {
  type Envelope,
  envelopeFromJson,
  type OperatorRecord,
  type PackageRecord,
  RecordError,
  StateError,
  ValidationError,
} from '@warg/protocol';
import { fromRecord } from './structured-record.ts';
import { CaseFailure, expectVerdict, type Kinds, same } from './verdict.ts';

// biome-ignore lint/suspicious/noExplicitAny: vectors are untyped JSON
type Json = any;

/** What the two kinds of state have under different names. */
export interface StateKind<S> {
  readonly empty: S;
  readonly decodeRecord: (contentBytes: Uint8Array) => PackageRecord | OperatorRecord;
  readonly validate: (state: S, envelope: Envelope) => S;
  readonly validateLog: (state: S, envelopes: readonly Envelope[]) => S;
  readonly encode: (state: S) => string;
  readonly decode: (text: string) => S;
  /** What a scenario asks of its final state. */
  readonly ask: (c: Json, state: S) => void;
}

export function stateKinds<S>(kind: StateKind<S>): Kinds {
  return {
    scenario(c) {
      let state = kind.empty;
      const accepted: Envelope[] = [];
      c.steps.forEach((step: Json, index: number) => {
        const before = structuredClone(state);
        const envelope = envelopeFromJson(step.body);
        state = applyStep(kind, state, envelope, step, `step ${index}`);
        if (step.result.verdict === 'ok') accepted.push(envelope);
        else same(state, before, `step ${index}: the state after a failure`);
      });
      same(kind.validateLog(kind.empty, accepted), state, 'the state of all accepted records at once');
      kind.ask(c, state);
    },

    'state-json'(c) {
      expectVerdict(
        c,
        () => kind.decode(c.input),
        (state) => {
          const written = kind.encode(state);
          same(JSON.parse(written), JSON.parse(c.reserialized), 'reserialized');
          same(kind.decode(written), state, 'read again');
        },
      );
    },
  };
}

function applyStep<S>(kind: StateKind<S>, state: S, envelope: Envelope, step: Json, what: string): S {
  const { result } = step;
  if (step.record) same(fromRecord(kind.decodeRecord(envelope.contentBytes)), step.record, `${what}: record`);
  let next: S;
  try {
    next = kind.validate(state, envelope);
  } catch (error) {
    if (error instanceof ValidationError) {
      same('err', result.verdict, `${what} (${error.message})`);
      same(failureOf(error), { variant: result.variant, details: result.details ?? {} }, what);
    } else if (error instanceof RecordError) {
      same('decode-error', result.verdict, `${what} (${error.message})`);
    } else {
      throw error;
    }
    return state;
  }
  same('ok', result.verdict, what);
  if (result.state) {
    const written = JSON.parse(kind.encode(next));
    same(withSets(written), withSets(result.state), `${what}: state`);
    same(
      kind.decode(JSON.stringify(result.state)),
      kind.decode(kind.encode(next)),
      `${what}: state read again`,
    );
  } else {
    expectUnencodable(() => kind.encode(next), what);
  }
  return next;
}

/** The permissions of a key are a set: their order carries no meaning. */
function withSets(state: Json): Json {
  const permissions = Object.entries(state.permissions ?? {}).map(([key, held]) => [
    key,
    (held as string[]).toSorted(),
  ]);
  return { ...state, permissions: Object.fromEntries(permissions) };
}

function expectUnencodable(encode: () => string, what: string): void {
  try {
    encode();
  } catch (error) {
    if (error instanceof StateError) return;
    throw error;
  }
  throw new CaseFailure(`${what}: expected that the state has no JSON form`);
}

/** The names that the reference has for our codes, where they are not the same in another spelling. */
const VARIANTS: Record<string, string> = {
  KEY_ID_NOT_RECOGNIZED: 'KeyIDNotRecognized',
};

/** A failure as the vectors write it. */
function failureOf(error: ValidationError): { variant: string; details: Json } {
  const { code, keyId, neededPermission, permission, version, protocolVersion, namespace, found, expected } =
    error;
  const details = {
    keyId,
    neededPermission,
    permission,
    version: version ?? protocolVersion,
    namespace,
    found,
    expected,
  };
  return {
    variant:
      VARIANTS[code] ?? code.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase()),
    details: Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)),
  };
}
