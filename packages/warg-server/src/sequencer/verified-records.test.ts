import { generatePrivateKey, publicKeyOf } from '@warg/crypto';
import {
  packageRecordId,
  type RecordId,
  signPackageRecord,
  timestampFromMillis,
  verifyPackageEnvelope,
} from '@warg/protocol';
import { expect, it } from 'vitest';
import { VerifiedRecords } from './verified-records.ts';

const key = generatePrivateKey();

function proofOf(number: number) {
  const entry = { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) } as const;
  const record = { prev: undefined, time: timestampFromMillis(number), entries: [entry] };
  const envelope = signPackageRecord(record, key);
  const proof = verifyPackageEnvelope(envelope, publicKeyOf(key));
  return { recordId: packageRecordId(envelope.contentBytes), proof };
}

it('keeps proofs until they are forgotten', () => {
  const records = new VerifiedRecords();
  const { recordId, proof } = proofOf(1);
  records.add(proof);
  expect(records.of(recordId)).toBe(proof);
  records.forget(recordId);
  expect(records.of(recordId)).toBeUndefined();
});

it('keeps a bounded number, and those that came last', () => {
  const records = new VerifiedRecords();
  const { proof } = proofOf(1);
  const numbered = (n: number) => ({ ...proof, recordId: `sha256:${n}` as RecordId });
  for (let n = 0; n < 5000; n++) records.add(numbered(n));
  expect(records.size).toBe(4096);
  expect(records.of(numbered(903).recordId)).toBeUndefined();
  expect(records.of(numbered(904).recordId)).toBeDefined();
  expect(records.of(numbered(4999).recordId)).toBeDefined();
});
