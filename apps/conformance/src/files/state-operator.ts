import {
  decodeOperatorRecord,
  decodeOperatorState,
  emptyOperatorState,
  encodeOperatorState,
  maySignCheckpoints,
  validateOperator,
  validateOperatorLog,
} from '@warg/protocol';
import { stateKinds } from '../state-kinds.ts';
import { same } from '../verdict.ts';

export const kinds = stateKinds({
  empty: emptyOperatorState,
  decodeRecord: decodeOperatorRecord,
  validate: (state, envelope) => validateOperator(state, envelope),
  validateLog: (state, envelopes) => validateOperatorLog(state, envelopes),
  encode: encodeOperatorState,
  decode: decodeOperatorState,
  ask(c, state) {
    for (const { namespace, ...expected } of c.queries?.namespaces ?? []) {
      same(state.namespaces.get(namespace) ?? { state: null }, expected, `namespace ${namespace}`);
    }
    for (const { keyId, publicKey, maySignCheckpoints: maySign } of c.queries?.keys ?? []) {
      same(state.keys.get(keyId) ?? null, publicKey, `key ${keyId}`);
      same(maySignCheckpoints(state, keyId), maySign, `may ${keyId} sign checkpoints`);
    }
  },
});
