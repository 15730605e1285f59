// What a client asks in order to read: checkpoints, logs and names.

import { encodeBase64, encodeUtf8 } from '@warg/crypto';
import { alpha, beta, fullLength, gamma, headOf, operatorLog, recordsOf, unknownLog } from '../world.ts';
import { type Case, get, post, RawJson, wrongJson } from './case.ts';

const logs = '/v1/fetch/logs';
const names = '/v1/fetch/names';
const lengths = Array.from({ length: fullLength }, (_, index) => index + 1);
const noHash = `sha256:${'0'.repeat(64)}`;

/** Texts in the place of an id. */
export const badIds: readonly (readonly [string, string])[] = [
  ['an empty text', ''],
  ['no hash', 'alpha'],
  ['no algorithm', alpha.slice('sha256:'.length)],
  ['another algorithm', alpha.replace('sha256', 'sha512')],
  ['the algorithm in capitals', alpha.replace('sha256', 'SHA256')],
  ['capital digits', alpha.replace(/:.*/, (digits) => digits.toUpperCase())],
  ['a digit too few', alpha.slice(0, -1)],
  ['two digits too few', alpha.slice(0, -2)],
  ['two digits too many', `${alpha}00`],
  ['no digits', 'sha256:'],
  ['a digit that is none', alpha.replace(/.$/, 'g')],
  ['white space behind', `${alpha} `],
];

export const fetching: readonly Case[] = [
  get('fetch/checkpoint: as it should be', '/v1/fetch/checkpoint'),
  get('fetch/checkpoint: a query', '/v1/fetch/checkpoint?x=1'),
  get('fetch/checkpoint: a slash behind', '/v1/fetch/checkpoint/'),
  get('fetch/checkpoint: the header Warg-Registry', '/v1/fetch/checkpoint', {
    'warg-registry': 'example.com',
  }),
  get('fetch/checkpoint: from a browser', '/v1/fetch/checkpoint', { origin: 'http://example.com' }),
  get('fetch/checkpoint: accept text/html', '/v1/fetch/checkpoint', { accept: 'text/html' }),
  ...['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'].map((method) => ({
    id: `fetch/checkpoint: method ${method}`,
    make: () => ({ method, path: '/v1/fetch/checkpoint' }),
  })),

  ...wrongJson(
    {
      name: 'fetch/logs',
      path: logs,
      body: () => ({ logLength: fullLength, limit: 5, packages: { [alpha]: null } }),
    },
    ['logLength', 'limit', 'operator', 'packages'],
  ),
  ...lengths.map((logLength) =>
    post(`fetch/logs: everything at length ${logLength}`, logs, { logLength, packages: { [alpha]: null } }),
  ),
  ...[1, 2, 3, 100, 999, 1000, 1001, 65535, 65536].map((limit) =>
    post(`fetch/logs: limit ${limit}`, logs, { logLength: fullLength, limit, packages: { [alpha]: null } }),
  ),
  ...[fullLength + 1, fullLength + 1000, 2 ** 31, 2 ** 32].map((logLength) =>
    post(`fetch/logs: beyond the log at ${logLength}`, logs, { logLength, packages: { [alpha]: null } }),
  ),
  post('fetch/logs: the operator alone', logs, { logLength: fullLength }),
  post('fetch/logs: three packages', logs, {
    logLength: fullLength,
    packages: { [gamma]: null, [alpha]: null, [beta]: null },
  }),
  post('fetch/logs: a package twice', logs, {
    logLength: fullLength,
    packages: new RawJson(`{${JSON.stringify(beta)}:null,${JSON.stringify(beta)}:null}`),
  }),
  post('fetch/logs: a package that nobody published', logs, {
    logLength: fullLength,
    packages: { [unknownLog]: null },
  }),
  post('fetch/logs: a known and an unknown package', logs, {
    logLength: fullLength,
    packages: { [alpha]: null, [unknownLog]: null },
  }),
  post('fetch/logs: an unknown package beyond the log', logs, {
    logLength: 1000,
    packages: { [unknownLog]: null },
  }),
  post('fetch/logs: the operator log as a package', logs, {
    logLength: fullLength,
    packages: { [operatorLog]: null },
  }),
  post('fetch/logs: a package before its first record', logs, { logLength: 1, packages: { [alpha]: null } }),
  post('fetch/logs: one of two packages before its first record', logs, {
    logLength: 4,
    packages: { [alpha]: null, [gamma]: null },
  }),
  ...recordsOf(alpha).map(({ recordId }, index) =>
    post(`fetch/logs: after record ${index} of its log`, logs, {
      logLength: fullLength,
      packages: { [alpha]: recordId },
    }),
  ),
  post('fetch/logs: after a record beyond the length', logs, {
    logLength: 3,
    packages: { [alpha]: headOf(alpha).recordId },
  }),
  post('fetch/logs: after the last record, limit 1', logs, {
    logLength: fullLength,
    limit: 1,
    packages: { [alpha]: headOf(alpha).recordId },
  }),
  post('fetch/logs: after the operator record', logs, ({ operatorRecord }) => ({
    logLength: fullLength,
    operator: operatorRecord.id,
  })),
  ...badIds.map(([what, id]) =>
    post(`fetch/logs: the package id is ${what}`, logs, { logLength: fullLength, packages: { [id]: null } }),
  ),
  ...badIds
    .filter(([what]) => !/digits too/.test(what) && what !== 'no digits' && what !== 'capital digits')
    .map(([what, id]) =>
      post(`fetch/logs: the package's token is ${what}`, logs, {
        logLength: fullLength,
        packages: { [alpha]: id },
      }),
    ),
  post('fetch/logs: the operator token is no hash', logs, { logLength: fullLength, operator: 'text' }),

  ...wrongJson({ name: 'fetch/names', path: names, body: () => ({ packages: [alpha, beta] }) }, ['packages']),
  post('fetch/names: nothing asked for', names, { packages: [] }),
  post('fetch/names: the same package twice', names, { packages: [alpha, alpha] }),
  post('fetch/names: a package that nobody published', names, { packages: [unknownLog] }),
  post('fetch/names: a known and an unknown package', names, { packages: [alpha, unknownLog, beta] }),
  post('fetch/names: the operator log', names, { packages: [operatorLog] }),
  post('fetch/names: 1001 known packages', names, { packages: Array(1001).fill(gamma) }),
  post('fetch/names: the unknown one is the 1001st', names, {
    packages: [...Array(1000).fill(gamma), unknownLog],
  }),
  post('fetch/names: null in the list', names, { packages: [null] }),
  post('fetch/names: a number in the list', names, { packages: [1] }),
  post('fetch/names: a name in the list', names, { packages: ['demo:alpha'] }),
  ...badIds.map(([what, id]) => post(`fetch/names: the package id is ${what}`, names, { packages: [id] })),
];

/** Requests that the Rust server answers by dropping the connection; they leave no trace in it. */
export const fetchingThatDrops: readonly Case[] = [
  post('fetch/logs: the token of a record of another log', logs, {
    logLength: fullLength,
    packages: { [alpha]: headOf(beta).recordId },
  }),
  post('fetch/logs: a token that no record has', logs, {
    logLength: fullLength,
    packages: { [alpha]: noHash },
  }),
  post('fetch/logs: an operator token that no record has', logs, { logLength: fullLength, operator: noHash }),
  post('fetch/logs: a package token two digits too short', logs, {
    logLength: fullLength,
    packages: { [alpha]: headOf(alpha).recordId.slice(0, -2) },
  }),
  post('fetch/logs: a package token in capitals', logs, {
    logLength: fullLength,
    packages: { [alpha]: headOf(alpha).recordId.replace(/:.*/, (digits) => digits.toUpperCase()) },
  }),
  post('fetch/logs: a token in base64', logs, {
    logLength: fullLength,
    operator: `sha256:${encodeBase64(encodeUtf8('x'))}`,
  }),
];
