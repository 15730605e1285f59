import {
  apiError,
  checkpointNotFound,
  decodeAbsenceRequest,
  decodeConsistencyRequest,
  decodeInclusionRequest,
  encodeAbsenceResponse,
  encodeConsistencyResponse,
  encodeInclusionResponse,
  leafNotFound,
  limits,
  notSupported,
  paths,
} from '@warg/protocol/api';
import { jsonAnswer } from '../answers.ts';
import { decodeJson, readJson, readJsonBytes } from '../json-body.ts';
import { KeptAnswers } from '../kept-answers.ts';
import { proveAbsence, proveConsistency, proveInclusion } from '../openapi/proof.ts';
import type { Route } from '../router.ts';
import type { Services } from '../services.ts';

/** Bytes of answers that are kept. */
const KEPT = 8 * 1024 * 1024;

/** `v1/proof/…`: inclusion, consistency, absence. */
export function proofRoutes({ core, access, ...bodies }: Services): readonly Route[] {
  // Of proofs that do not need the map, whose old states are kept for a while only.
  const kept = new KeptAnswers(KEPT);
  return [
    {
      path: paths.proveInclusion(),
      about: proveInclusion,
      access: 'token',
      isDirect: true,
      post: async (c) => {
        const { logLength, leafs } = await readJson(
          c,
          limits.inclusionBody,
          bodies,
          decodeInclusionRequest,
          (path, value) => {
            if (path.startsWith('leafs')) throw leafNotFound(value);
            return throwLengthNotFound(path, value);
          },
        );
        refuseMany(leafs.length, limits.inclusionLeafs, 'leafs');
        return jsonAnswer(
          encodeInclusionResponse(await core.proveInclusion(logLength, leafs, access.filterOf(c))),
        );
      },
    },
    {
      path: paths.proveConsistency(),
      about: proveConsistency,
      access: 'token',
      isDirect: true,
      post: async (c) => {
        const bytes = await readJsonBytes(c, limits.consistencyBody, bodies);
        const known = kept.get(bytes);
        if (known !== undefined) return jsonAnswer(known);
        const { from, to } = decodeJson(bytes, decodeConsistencyRequest, throwLengthNotFound);
        const text = encodeConsistencyResponse({ proof: await core.proveConsistency(from, to) });
        kept.keep(bytes, text);
        return jsonAnswer(text);
      },
    },
    {
      path: paths.proveAbsence(),
      about: proveAbsence,
      access: 'token',
      isDirect: true,
      post: async (c) => {
        // To prove that one log is not there and to refuse it for another would tell which are.
        if (access.namespacesOf(c) !== undefined) {
          throw notSupported('proofs of absence need a token for all namespaces');
        }
        const { logLength, logIds } = await readJson(
          c,
          limits.absenceBody,
          bodies,
          decodeAbsenceRequest,
          throwLengthNotFound,
        );
        refuseMany(logIds.length, limits.absenceLogIds, 'logIds');
        return jsonAnswer(encodeAbsenceResponse({ map: await core.proveAbsence(logLength, logIds) }));
      },
    },
  ];
}

function throwLengthNotFound(_path: string, value: bigint): never {
  throw checkpointNotFound(value, 'proof');
}

function refuseMany(count: number, most: number, member: string): void {
  if (count > most) throw apiError(413, `\`${member}\` names ${count}, and one request may name ${most}`);
}
