import { encodeHex } from '@warg/crypto';
import { decodeSignedCheckpoint, type LogId } from '@warg/protocol';
import {
  decodeAbsenceResponse,
  decodeConsistencyResponse,
  decodeFetchLogsResponse,
  decodeInclusionResponse,
  encodeAbsenceRequest,
  encodeConsistencyRequest,
  encodeFetchLogsRequest,
  encodeInclusionRequest,
  paths,
} from '@warg/protocol/api';
import type { RegistryReader } from './verify-registry.ts';

/** Asks a registry over HTTP what `verifyRegistry` wants to know. @param token for a private one */
export function httpReader(url: string, token?: string): RegistryReader {
  const authorization: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const get = async (path: string) => requireOk(await fetch(`${url}/${path}`, { headers: authorization }));
  const post = async (path: string, body: string) => {
    const headers = { 'content-type': 'application/json', ...authorization };
    return (await requireOk(await fetch(`${url}/${path}`, { method: 'POST', headers, body }))).text();
  };
  return {
    async latestCheckpoint() {
      const json = await (await get(paths.fetchCheckpoint())).text();
      return { checkpoint: decodeSignedCheckpoint(json), json, sequence: Number.NaN };
    },
    async fetchLogs({ logLength, limit, operator, packages }) {
      const request = {
        logLength: Number(logLength),
        limit,
        operator,
        packages: new Map(packages.map(([logId, after]) => [logId as LogId, after ?? null])),
      };
      const answer = decodeFetchLogsResponse(await post(paths.fetchLogs(), encodeFetchLogsRequest(request)));
      return { ...answer, packages: [...answer.packages] };
    },
    async proveInclusion(logLength, leafs) {
      const request = { logLength: Number(logLength), leafs: leafs.map(Number) };
      return decodeInclusionResponse(await post(paths.proveInclusion(), encodeInclusionRequest(request)));
    },
    async proveConsistency(from, to) {
      const request = { from: Number(from), to: Number(to) };
      return decodeConsistencyResponse(
        await post(paths.proveConsistency(), encodeConsistencyRequest(request)),
      ).proof;
    },
    async proveAbsence(logLength, logIds) {
      const request = { logLength: Number(logLength), logIds: logIds as LogId[] };
      return decodeAbsenceResponse(await post(paths.proveAbsence(), encodeAbsenceRequest(request))).map;
    },
    async ledgerRecords(start) {
      return new Uint8Array(await (await get(paths.ledgerRecords(Number(start)))).arrayBuffer());
    },
  };
}

async function requireOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = new Uint8Array(await response.arrayBuffer());
  throw new Error(
    `${response.url} answered ${response.status}: ${new TextDecoder().decode(body) || encodeHex(body)}`,
  );
}
