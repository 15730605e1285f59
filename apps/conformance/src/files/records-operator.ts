import { SignaturePrefix, sign } from '@warg/crypto';
import {
  decodeOperatorRecord,
  encodeOperatorRecord,
  operatorRecordId,
  signOperatorRecord,
  verifyOperatorEnvelope,
} from '@warg/protocol';
import { recordKinds } from '../record-kinds.ts';

export const kinds = recordKinds({
  prefix: SignaturePrefix.operatorRecord,
  decode: decodeOperatorRecord,
  encode: encodeOperatorRecord,
  recordId: operatorRecordId,
  sign: signOperatorRecord,
  signBytes: (key, bytes) => sign(key, SignaturePrefix.operatorRecord, bytes),
  verify: verifyOperatorEnvelope,
});
