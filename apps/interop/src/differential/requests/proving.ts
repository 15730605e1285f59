// Proofs, and what a monitor asks.

import { keyIdOf, publicKeyOf, SignaturePrefix, sign } from '@warg/crypto';
import { checkpointText } from '../checkpoint-bytes.ts';
import {
  alpha,
  fullLength,
  keys,
  operatorLog,
  records,
  type SignedCheckpoint,
  unknownLog,
  type View,
} from '../world.ts';
import { type Case, post, RawJson, wrongJson } from './case.ts';

const inclusion = '/v1/proof/inclusion';
const consistency = '/v1/proof/consistency';
const verify = '/v1/verify/checkpoint';
const lengths = Array.from({ length: fullLength }, (_, index) => index + 1);

/** The registry indices of the heads of all logs at a length, the operator's first. */
function headsAt(length: number): number[] {
  const heads = new Map<string, number>([[operatorLog, 0]]);
  for (const [index, { logId }] of records.slice(0, length - 1).entries()) heads.set(logId, index + 1);
  return [...heads.values()];
}

const heads = headsAt(fullLength);

export const proving: readonly Case[] = [
  ...wrongJson(
    { name: 'proof/inclusion', path: inclusion, body: () => ({ logLength: fullLength, leafs: heads }) },
    ['logLength', 'leafs'],
  ),
  ...lengths.map((logLength) =>
    post(`proof/inclusion: all heads at length ${logLength}`, inclusion, {
      logLength,
      leafs: headsAt(logLength),
    }),
  ),
  ...lengths.map((_, leaf) =>
    post(`proof/inclusion: leaf ${leaf}`, inclusion, { logLength: fullLength, leafs: [leaf] }),
  ),
  post('proof/inclusion: the same leaf twice', inclusion, {
    logLength: fullLength,
    leafs: [heads[1], heads[1]],
  }),
  post('proof/inclusion: in another order', inclusion, { logLength: fullLength, leafs: heads.toReversed() }),
  post('proof/inclusion: no leaf', inclusion, { logLength: fullLength, leafs: [] }),
  post('proof/inclusion: a leaf beyond the log', inclusion, { logLength: fullLength, leafs: [fullLength] }),
  post('proof/inclusion: a leaf far beyond the log', inclusion, { logLength: fullLength, leafs: [2 ** 40] }),
  post('proof/inclusion: a known leaf and one beyond', inclusion, {
    logLength: fullLength,
    leafs: [heads[1], 5000],
  }),
  post('proof/inclusion: no leaf beyond the log', inclusion, { logLength: fullLength + 5, leafs: [] }),
  post('proof/inclusion: no leaf at length 0', inclusion, { logLength: 0, leafs: [] }),
  post('proof/inclusion: null as a leaf', inclusion, { logLength: fullLength, leafs: [null] }),
  post('proof/inclusion: a text as a leaf', inclusion, { logLength: fullLength, leafs: ['1'] }),
  post('proof/inclusion: a negative leaf', inclusion, { logLength: fullLength, leafs: [-1] }),
  post('proof/inclusion: a broken leaf', inclusion, { logLength: fullLength, leafs: [0.5] }),
  post('proof/inclusion: leaf 2^64', inclusion, {
    logLength: fullLength,
    leafs: [new RawJson('18446744073709551616')],
  }),

  post('proof/absence: a package that nobody published', '/v1/proof/absence', {
    logLength: fullLength,
    logIds: [unknownLog],
  }),
  post('proof/absence: a package that is there', '/v1/proof/absence', {
    logLength: fullLength,
    logIds: [alpha],
  }),

  ...wrongJson(
    { name: 'proof/consistency', path: consistency, body: () => ({ from: 3, to: fullLength }) },
    [],
  ),
  ...['without from', 'without to'].map((what) =>
    post(`proof/consistency: ${what}`, consistency, what === 'without from' ? { to: 3 } : { from: 3 }),
  ),
  ...[null, true, -1, 1.5, '3', [], {}, new RawJson('18446744073709551616')].flatMap((value) => {
    const what = value instanceof RawJson ? value.text : JSON.stringify(value);
    return [
      post(`proof/consistency: from is ${what}`, consistency, { from: value, to: fullLength }),
      post(`proof/consistency: to is ${what}`, consistency, { from: 3, to: value }),
    ];
  }),
  ...lengths.flatMap((to) =>
    lengths
      .filter((from) => from <= to && (to === fullLength || (from + to) % 4 === 0))
      .map((from) => post(`proof/consistency: from ${from} to ${to}`, consistency, { from, to })),
  ),

  ...wrongJson(
    { name: 'verify/checkpoint', path: verify, body: (view) => ({ ...view.checkpoints.get(fullLength)! }) },
    ['contents', 'keyId', 'signature'],
  ),
  ...lengths.map((length) =>
    post(`verify/checkpoint: of length ${length}`, verify, (view) => ({ ...at(view, length) })),
  ),
  altered('another log root', (one) => ({ logRoot: one.mapRoot })),
  altered('another map root', (one) => ({ mapRoot: one.logRoot })),
  altered('another timestamp', (one) => ({ timestamp: one.timestamp - 1 })),
  altered('timestamp 0', () => ({ timestamp: 0 })),
  altered('another length', () => ({ logLength: 3 })),
  altered('a length beyond the log', () => ({ logLength: fullLength + 1 })),
  altered('length 0', () => ({ logLength: 0 })),
  altered('a root two digits too short', (one) => ({ logRoot: one.logRoot.slice(0, -2) })),
  altered('a root that is no hash', () => ({ logRoot: 'text' })),
  altered('length as a text', () => ({ logLength: '3' as unknown as number })),
  altered('without a timestamp', () => ({ timestamp: undefined as unknown as number })),
  altered('an unknown member of its contents', () => ({ stranger: 1 })),
  post('verify/checkpoint: signed anew by the operator', verify, (view) => resigned(view, keys.operator, {})),
  post('verify/checkpoint: signed by the operator an hour later', verify, (view) =>
    resigned(view, keys.operator, { timestamp: at(view, fullLength).contents.timestamp + 3600 }),
  ),
  post('verify/checkpoint: another state signed by the operator', verify, (view) =>
    resigned(view, keys.operator, { logLength: 500 }),
  ),
  post('verify/checkpoint: signed by a stranger', verify, (view) => resigned(view, keys.mallory, {})),
  post("verify/checkpoint: a stranger's signature under the operator's key id", verify, (view) => ({
    ...resigned(view, keys.mallory, {}),
    keyId: keyIdOf(publicKeyOf(keys.operator)),
  })),
  post('verify/checkpoint: a key id that is none', verify, (view) => ({
    ...at(view, fullLength),
    keyId: 'text',
  })),
  post('verify/checkpoint: a signature of other bytes', verify, (view) => ({
    ...at(view, fullLength),
    signature: sign(keys.operator, SignaturePrefix.checkpoint, new Uint8Array(3)),
  })),
  post('verify/checkpoint: a signature that is none', verify, (view) => ({
    ...at(view, fullLength),
    signature: 'ecdsa-p256:AAAA',
  })),
];

/** Requests that make the Rust server drop the connection or answer with a proof that proves nothing. */
export const provingThatDrops: readonly Case[] = [
  ...(
    [
      [0, fullLength],
      [0, 0],
      [5, 3],
      [fullLength, 1],
      [3, fullLength + 1],
      [fullLength + 1, fullLength + 2],
      [3, 2 ** 40],
      [2 ** 32, 2 ** 33],
    ] as const
  ).map(([from, to]) => post(`proof/consistency: from ${from} to ${to}`, consistency, { from, to })),
  post('proof/inclusion: a leaf beyond the length', inclusion, { logLength: 3, leafs: [5] }),
  post('proof/inclusion: a leaf beyond the log, length beyond too', inclusion, { logLength: 50, leafs: [5] }),
  post('proof/inclusion: length 0', inclusion, { logLength: 0, leafs: [0] }),
];

function at(view: View, length: number): SignedCheckpoint {
  const checkpoint = view.checkpoints.get(length);
  if (!checkpoint) throw new Error(`${view.registry.kind} has signed no length ${length}`);
  return checkpoint;
}

function altered(what: string, alter: (one: SignedCheckpoint['contents']) => object): Case {
  return post(`verify/checkpoint: ${what}`, verify, (view) => {
    const checkpoint = at(view, fullLength);
    return { ...checkpoint, contents: { ...checkpoint.contents, ...alter(checkpoint.contents) } };
  });
}

function resigned(view: View, key: typeof keys.operator, change: Partial<SignedCheckpoint['contents']>) {
  const contents = { ...at(view, fullLength).contents, ...change };
  return {
    contents,
    keyId: keyIdOf(publicKeyOf(key)),
    signature: sign(key, SignaturePrefix.checkpoint, checkpointText(contents)),
  };
}
