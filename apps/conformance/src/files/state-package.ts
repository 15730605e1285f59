import {
  decodePackageRecord,
  decodePackageState,
  emptyPackageState,
  encodePackageState,
  findLatestRelease,
  parseVersionRequirement,
  validatePackage,
  validatePackageLog,
} from '@warg/protocol';
import { stateKinds } from '../state-kinds.ts';
import { same } from '../verdict.ts';

export const kinds = stateKinds({
  empty: emptyPackageState,
  decodeRecord: decodePackageRecord,
  validate: (state, envelope) => validatePackage(state, envelope),
  validateLog: (state, envelopes) => validatePackageLog(state, envelopes),
  encode: encodePackageState,
  decode: decodePackageState,
  ask(c, state) {
    for (const { req, version } of c.latest ?? []) {
      const latest = findLatestRelease(state, parseVersionRequirement(req));
      same(latest?.version ?? null, version, `latest ${req}`);
    }
  },
});
