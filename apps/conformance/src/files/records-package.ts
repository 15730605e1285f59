import { SignaturePrefix, sign } from '@warg/crypto';
import {
  decodePackageRecord,
  encodePackageRecord,
  packageRecordId,
  signPackageRecord,
  verifyPackageEnvelope,
} from '@warg/protocol';
import { recordKinds } from '../record-kinds.ts';

export const kinds = recordKinds({
  prefix: SignaturePrefix.packageRecord,
  decode: decodePackageRecord,
  encode: encodePackageRecord,
  recordId: packageRecordId,
  sign: signPackageRecord,
  signBytes: (key, bytes) => sign(key, SignaturePrefix.packageRecord, bytes),
  verify: verifyPackageEnvelope,
});
