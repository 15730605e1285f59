// First records of a package, good ones and bad ones. A good one changes the registry, so each case has a package of
// its own.

import {
  concatBytes,
  digestOf,
  encodeBase64,
  encodeUtf8,
  keyIdOf,
  type PrivateKey,
  publicKeyOf,
  SignaturePrefix,
  sign,
} from '@warg/crypto';
import {
  bytesField,
  type Envelope,
  entry,
  numberField,
  type RecordParts,
  recordBytes,
  signEnvelope,
  textField,
} from '../record-bytes.ts';
import { alpha, contents, headOf, keys } from '../world.ts';
import { type Body, type Case, post, wrongJson } from './case.ts';
import { badIds } from './fetching.ts';
import { freshName, init, now, recordPath, submit } from './submitting.ts';

const { alice, bob, mallory } = keys;
const aliceKey = publicKeyOf(alice);
const one = digestOf(contents.one);

/** A first record of a new package, signed by alice unless told. */
function first(id: string, parts: Partial<RecordParts>, key: PrivateKey = alice): Case {
  const bytes = recordBytes({ time: now, entries: [init], ...parts });
  return submit(id, freshName(id), signEnvelope(bytes, key));
}

/** A good first record of a new package whose envelope is altered afterwards. */
function forged(id: string, forge: (envelope: Envelope, bytes: Uint8Array) => Body): Case {
  const bytes = recordBytes({ time: now, entries: [init] });
  return submit(id, freshName(id), forge(signEnvelope(bytes, alice), bytes));
}

const goodBody = (_view: unknown, caseId: string): Body => ({
  packageName: freshName(caseId),
  record: signEnvelope(recordBytes({ time: now, entries: [init] }), alice),
});

const body = {
  name: 'publish',
  path: (valid: Body) => recordPath(valid['packageName'] as string),
  body: goodBody,
};

const malformedNames = [
  '',
  'demo',
  'demo:',
  ':alpha',
  'demo:a:b',
  'demo:a_b',
  'demo:-a',
  'demo:a-',
  'demo:1a',
  'demo:a--b',
  'demo:ä',
  'demo:a b',
  'demo:a/b',
  'Demo:alpha',
  'demo:Alpha',
  'demo:ALPHA',
  'demo:A1',
  'demo:a1',
  `demo:${'a'.repeat(300)}`,
];

export const publishing: readonly Case[] = [
  ...wrongJson(body, ['packageName', 'record', 'contentSources']),
  ...['contentBytes', 'keyId', 'signature'].flatMap((member) => [
    forged(`record without ${member}`, (envelope) => ({ ...envelope, [member]: undefined })),
    ...[null, 1, '', 'text', [], '!', 'ecdsa-p256:', 'ecdsa-p256:AAAA', 'ecdsa-p384:AAAA'].map((value) =>
      forged(`${member} is ${JSON.stringify(value)}`, (envelope) => ({ ...envelope, [member]: value })),
    ),
  ]),
  forged('record with an unknown member', (envelope) => ({ ...envelope, stranger: 1 })),
  forged('record with a registry index', (envelope) => ({ ...envelope, registryIndex: 1 })),
  forged('contentBytes without padding', ({ contentBytes, ...rest }) => ({
    ...rest,
    contentBytes: contentBytes.replace(/=+$/, ''),
  })),
  forged('contentBytes for URLs', ({ contentBytes, ...rest }) => ({
    ...rest,
    contentBytes: contentBytes.replaceAll('+', '-').replaceAll('/', '_'),
  })),
  forged('contentBytes with a line break', ({ contentBytes, ...rest }) => ({
    ...rest,
    contentBytes: `${contentBytes}\n`,
  })),

  ...malformedNames.map((name) =>
    submit(
      `name ${JSON.stringify(name.slice(0, 20))}`,
      name,
      signEnvelope(recordBytes({ time: now, entries: [init] }), alice),
    ),
  ),
  ...['other:alpha', 'OTHER:alpha', 'demo2:alpha', 'd:alpha'].map((name) =>
    submit(`namespace of ${name}`, name, signEnvelope(recordBytes({ time: now, entries: [init] }), alice)),
  ),
  submit('name of another log', freshName('another log'), goodRecord(), recordPath('demo:beta')),
  ...badIds.map(([what, id]) =>
    submit(
      `the log id is ${what}`,
      freshName(what),
      goodRecord(),
      `/v1/package/${encodeURIComponent(id)}/record`,
    ),
  ),
  submit('a slash behind', freshName('slash'), goodRecord(), `${recordPath(freshName('slash'))}/`),

  ...[
    {},
    { [one]: [] },
    { [one]: [{ type: 'httpGet', url: 'http://127.0.0.1/x' }] },
    { text: [] },
    { [one]: 'text' },
    { [one]: [{}] },
  ].map((contentSources, index) => {
    const id = `publish: content sources ${index}`;
    return post(id, recordPath(freshName(id)), { ...goodBody(undefined, id), contentSources });
  }),

  // What the contents of a first record may hold.
  first('an init', {}),
  first('an init by another key than it names', { entries: [entry.init(publicKeyOf(bob))] }),
  first('two inits', { entries: [init, init] }),
  first('a release before the init', { entries: [entry.release('1.0.0', one), init] }),
  first('a release without an init', { entries: [entry.release('1.0.0', one)] }),
  first('a yank without an init', { entries: [entry.yank('1.0.0')] }),
  first('no entry', { entries: [] }),
  first('an entry without kind', { entries: [entry.empty()] }),
  first('an entry of an unknown kind', { entries: [init, bytesField(9, new Uint8Array(2))] }),
  first('an entry of two kinds', { entries: [concatBytes(init, entry.yank('1.0.0'))] }),
  first('a prev', { prev: headOf(alpha).recordId }),
  first('a prev that is empty', { prev: '' }),
  first('a prev that is no hash', { prev: 'text' }),
  first('a prev two digits too short', { prev: headOf(alpha).recordId.slice(0, -2) }),
  first('version 0 written out', { version: 0 }),
  first('version 1', { version: 1 }),
  first('version 2^32', { version: 2n ** 32n }),
  first('no timestamp', { time: undefined }),
  first('an empty timestamp', { time: new Uint8Array(0) }),
  first('a timestamp before the epoch', { time: -5n }),
  first('a timestamp in the far future', { time: 2n ** 40n }),
  first('a timestamp beyond all calendars', { time: 2n ** 62n }),
  first('nanoseconds', { time: concatBytes(numberField(1, now), numberField(2, 999_999_999)) }),
  first('too many nanoseconds', { time: concatBytes(numberField(1, now), numberField(2, 1_000_000_000)) }),
  first('negative nanoseconds', { time: concatBytes(numberField(1, now), numberField(2, -1n)) }),
  first('an unknown field', { extra: [textField(9, 'text')] }),
  first('a field of the wrong type', { extra: [numberField(4, 1)] }),
  first('bytes behind the end', { extra: [Uint8Array.of(0xff)] }),
  first('a prev that is no UTF-8', { extra: [bytesField(1, Uint8Array.of(0xff, 0xfe))] }),
  first('the algorithm sha512', { entries: [entry.init(aliceKey, 'sha512')] }),
  first('the algorithm in capitals', { entries: [entry.init(aliceKey, 'SHA256')] }),
  first('no algorithm', { entries: [entry.init(aliceKey, '')] }),
  ...[
    '',
    'text',
    'ecdsa-p256:',
    'ecdsa-p256:AAAA',
    `ecdsa-p384:${aliceKey.slice(11)}`,
    aliceKey.slice(11),
  ].map((key) => first(`the key ${JSON.stringify(key.slice(0, 16))}`, { entries: [entry.init(key)] })),

  // Several entries in one record.
  first('grant, release and yank in one', {
    entries: [
      init,
      entry.grant(publicKeyOf(bob), ['release']),
      entry.release('1.0.0', one),
      entry.yank('1.0.0'),
    ],
  }),
  first('the same version twice', {
    entries: [init, entry.release('1.0.0', one), entry.release('1.0.0', one)],
  }),
  first('the same version with other build metadata', {
    entries: [init, entry.release('1.0.0+a', one), entry.release('1.0.0+b', one)],
  }),
  first('a yank before the release', { entries: [init, entry.yank('1.0.0'), entry.release('1.0.0', one)] }),
  ...[
    '',
    '1',
    '1.0',
    'v1.0.0',
    '1.0.0-',
    '01.0.0',
    '1.0.0 ',
    '1.0.0-rc.1',
    '1.0.0+build',
    '0.0.0',
    '18446744073709551615.0.0',
    '18446744073709551616.0.0',
    '1.0.0-ä',
  ].map((version) =>
    first(`version ${JSON.stringify(version)}`, { entries: [init, entry.release(version, one)] }),
  ),
  ...[
    '',
    'text',
    one.slice(7),
    one.replace('sha256', 'sha512'),
    one.slice(0, -1),
    `${one}0`,
    one.replace(/.$/, 'g'),
  ].map((content) =>
    first(`the content ${JSON.stringify(content.slice(0, 16))} of ${content.length}`, {
      entries: [init, entry.release('1.0.0', content)],
    }),
  ),
  ...[
    [],
    ['release'],
    ['yank'],
    ['release', 'yank'],
    ['release', 'release'],
    [0],
    [3],
    [100],
    [2n ** 31n],
  ].map((permissions) =>
    first(`a grant of [${permissions}]`, {
      entries: [
        init,
        entry.grant(
          publicKeyOf(bob),
          permissions.map((one) => (typeof one === 'string' ? (one as 'yank') : Number(one))),
        ),
      ],
    }),
  ),
  first('a grant to its own key', { entries: [init, entry.grant(aliceKey, ['release'])] }),
  first('a grant to a key that is none', { entries: [init, entry.grant('text', ['release'])] }),
  first('a revocation of its own key', {
    entries: [init, entry.revoke(keyIdOf(aliceKey), ['release', 'yank'])],
  }),
  first('a revocation of a key that nobody knows', {
    entries: [init, entry.revoke(keyIdOf(publicKeyOf(mallory)), ['yank'])],
  }),
  first('a revocation of a key id that is none', { entries: [init, entry.revoke('text', ['yank'])] }),
  first('a revocation of nothing', { entries: [init, entry.revoke(keyIdOf(aliceKey), [])] }),

  // Signatures.
  forged('a signature of other bytes', (envelope) => ({
    ...envelope,
    signature: sign(alice, SignaturePrefix.packageRecord, encodeUtf8('other')),
  })),
  forged('a signature of an operator record', (envelope, bytes) => ({
    ...envelope,
    signature: sign(alice, SignaturePrefix.operatorRecord, bytes),
  })),
  forged('a signature by another key', (envelope, bytes) => ({
    ...envelope,
    signature: sign(bob, SignaturePrefix.packageRecord, bytes),
  })),
  forged('the other signature of the same key and bytes', (envelope) => ({
    ...envelope,
    signature: otherHalf(envelope.signature),
  })),
  forged('the key id of another key', (envelope) => ({ ...envelope, keyId: keyIdOf(publicKeyOf(bob)) })),
  forged('a key id in capitals', (envelope) => ({
    ...envelope,
    keyId: envelope.keyId.replace(/:.*/, (digits) => digits.toUpperCase()),
  })),
  forged('contents that are no record', () => ({ ...signEnvelope(encodeUtf8('not a record'), alice) })),
  forged('contents that are empty', () => ({ ...signEnvelope(new Uint8Array(0), alice) })),
];

function goodRecord(): Envelope {
  return signEnvelope(recordBytes({ time: now, entries: [init] }), alice);
}

/** (r, n − s) in place of (r, s): it verifies as well, so a signature is no identity. */
function otherHalf(signature: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const der = Buffer.from(signature.slice('ecdsa-p256:'.length), 'base64');
  const rLength = der[3]!;
  const r = der.subarray(4, 4 + rLength);
  const s = BigInt(`0x${der.subarray(6 + rLength).toString('hex')}`);
  const hex = (order - s).toString(16).padStart(64, '0');
  const digits = Buffer.from(hex, 'hex');
  const integer = digits[0]! >= 0x80 ? concatBytes(Uint8Array.of(0), digits) : digits;
  const trimmed = integer.subarray(integer.findIndex((byte, at) => byte !== 0 || integer[at + 1]! >= 0x80));
  const sequence = concatBytes(Uint8Array.of(2, r.length), r, Uint8Array.of(2, trimmed.length), trimmed);
  return `ecdsa-p256:${encodeBase64(concatBytes(Uint8Array.of(0x30, sequence.length), sequence))}`;
}
