// Content for records that wait for it. These cases build on each other and run in this order.

import { digestOf, publicKeyOf } from '@warg/crypto';
import { entry, packageRecordId, recordBytes, signEnvelope } from '../record-bytes.ts';
import { alpha, contents, headOf, keys, unknownLog } from '../world.ts';
import type { Case } from './case.ts';
import { now, recordPath, submit } from './submitting.ts';

const aliceKey = publicKeyOf(keys.alice);
const file = (byte: number) => Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, 3, 1, 0x62, byte);
const files = [file(1), file(2), file(3)] as const;
const [left, right, other] = [digestOf(files[0]), digestOf(files[1]), digestOf(files[2])];
const large = Buffer.concat([files[0], Buffer.alloc(3 << 20)]);
const big = digestOf(large);

function prepared(name: string, entries: readonly Uint8Array[]) {
  const bytes = recordBytes({ time: now, entries: [entry.init(aliceKey), ...entries] });
  const path = `${recordPath(name)}/${packageRecordId(bytes)}`;
  return { name, envelope: signEnvelope(bytes, keys.alice), path };
}

const pair = prepared('demo:upload-pair', [entry.release('1.0.0', left), entry.release('2.0.0', right)]);
const huge = prepared('demo:upload-huge', [entry.release('1.0.0', big)]);
const none = prepared('demo:upload-none', [entry.release('1.0.0', digestOf(new Uint8Array(0)))]);
const text = prepared('demo:upload-text', [entry.release('1.0.0', digestOf(Buffer.from('no wasm')))]);
const again = prepared('demo:upload-again', [entry.release('1.0.0', left)]);
const capitals = prepared('demo:upload-capitals', [
  entry.release(
    '1.0.0',
    other.replace(/:.*/, (digits) => digits.toUpperCase()),
  ),
]);

function upload(
  id: string,
  path: string,
  digest: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
  method = 'POST',
): Case {
  return { id: `upload: ${id}`, make: () => ({ method, path: `${path}/content/${digest}`, headers, body }) };
}

const state = (id: string, path: string): Case => ({
  id: `upload: ${id}`,
  make: () => ({ method: 'GET', path }),
});

export const uploading: readonly Case[] = [
  submit('two releases whose content is missing', pair.name, pair.envelope),
  state('what is missing', pair.path),
  upload('wrong bytes', pair.path, left, files[1]),
  upload('no bytes', pair.path, left, new Uint8Array(0)),
  upload('a byte too many', pair.path, left, Buffer.concat([files[0], Buffer.alloc(1)])),
  upload('content that the record does not need', pair.path, other, files[2]),
  upload('a digest that is none', pair.path, 'text', files[0]),
  upload('a digest two digits too short', pair.path, left.slice(0, -2), files[0]),
  upload('of an unknown log', `/v1/package/${unknownLog}/record/${headOf(alpha).recordId}`, left, files[0]),
  upload('of an unknown record', recordPath(pair.name).concat(`/${headOf(alpha).recordId}`), left, files[0]),
  upload(
    'of a published record',
    `/v1/package/${alpha}/record/${headOf(alpha).recordId}`,
    digestOf(contents.one),
    contents.one,
  ),
  upload('method PUT', pair.path, left, files[0], {}, 'PUT'),
  upload('the header Warg-Registry', pair.path, left, files[0], { 'warg-registry': 'example.com' }),
  state('still missing', pair.path),
  upload('the first of two', pair.path, left, files[0]),
  state('one is missing', pair.path),
  upload('the first of two again', pair.path, left, files[0]),
  upload('the second of two', pair.path, right, files[1], { 'content-type': 'application/wasm' }),
  upload('the second of two again', pair.path, right, files[1]),
  submit('content that is there by now', again.name, again.envelope),

  submit('a large file', huge.name, huge.envelope),
  upload('a large file', huge.path, big, large),
  submit('an empty file', none.name, none.envelope),
  upload('an empty file', none.path, digestOf(new Uint8Array(0)), new Uint8Array(0)),
  submit('a file that is no WebAssembly', text.name, text.envelope),
  upload(
    'a file that is no WebAssembly',
    text.path,
    digestOf(Buffer.from('no wasm')),
    Buffer.from('no wasm'),
  ),
  submit('a digest in capitals', capitals.name, capitals.envelope),
];

/** Sent last: the Rust server panics on them, and forgets that it had published the record. */
export const sentAgain: readonly Case[] = [
  submit('the same record again, published', pair.name, pair.envelope),
  submit('the same record again, once more', pair.name, pair.envelope),
  submit('the head of a prepared package again', headOf(alpha).name, headOf(alpha).envelope),
  state('the state of a record sent again', pair.path),
];
