// How a record is sent in, and what the records of all cases have in common.

import { digestOf, encodeUtf8, publicKeyOf } from '@warg/crypto';
import { type Envelope, entry, packageLogId } from '../record-bytes.ts';
import { keys, namespace } from '../world.ts';
import { type Body, type Case, post } from './case.ts';

/** The second in which the records of the cases are made: after those of the prepared state, and in the past. */
export const now = 1_750_000_000;
/** An `init` by alice, who signs most records. */
export const init: Uint8Array = entry.init(publicKeyOf(keys.alice));

/** A package that no other case has. */
export const freshName = (caseId: string): string =>
  `${namespace}:p${digestOf(encodeUtf8(caseId)).slice('sha256:'.length, 'sha256:'.length + 12)}`;

export const recordPath = (name: string): string => `/v1/package/${packageLogId(name)}/record`;

/** Sends one envelope for a package. */
export function submit(id: string, name: string, envelope: Envelope | Body, path = recordPath(name)): Case {
  return post(`publish: ${id}`, path, { packageName: name, record: envelope });
}
