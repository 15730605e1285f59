// Records on top of others: a package as it grows, and records at the head of demo:alpha that must change nothing.

import { digestOf, keyIdOf, type PrivateKey, publicKeyOf } from '@warg/crypto';
import {
  entry,
  packageLogId,
  packageRecordId,
  type RecordParts,
  recordBytes,
  signEnvelope,
} from '../record-bytes.ts';
import { alpha, contents, headOf, keys, namespace, recordsOf } from '../world.ts';
import type { Case } from './case.ts';
import { init, now, submit } from './submitting.ts';

const { alice, bob, carol, mallory } = keys;
const one = digestOf(contents.one);

/** A further record of demo:alpha that must not be accepted. */
function next(
  id: string,
  entries: readonly Uint8Array[],
  key: PrivateKey = alice,
  parts: Partial<RecordParts> = {},
): Case {
  const bytes = recordBytes({ prev: headOf(alpha).recordId, time: now, entries, ...parts });
  return submit(`at the head of a package, ${id}`, `${namespace}:alpha`, signEnvelope(bytes, key));
}

/** Records that do not fit the state of their package. */
export const unfitting: readonly Case[] = [
  next('a version that was released', [entry.release('1.1.0', one)]),
  next('a version that was yanked', [entry.release('1.0.0', one)]),
  next('a yank of what was yanked', [entry.yank('1.0.0')]),
  next('a yank of what nobody released', [entry.yank('9.9.9')]),
  next('an init', [init]),
  next('a key that may release yanks', [entry.yank('1.1.0')], bob),
  next('a key that may release grants to yank', [entry.grant(publicKeyOf(mallory), ['yank'])], bob),
  next('a key that lost its permissions releases', [entry.release('2.0.0', one)], carol),
  next('a key that nobody knows releases', [entry.release('2.0.1', one)], mallory),
  next('a key that nobody knows brings an init', [entry.init(publicKeyOf(mallory))], mallory),
  next('a revocation of what the key does not have', [entry.revoke(keyIdOf(publicKeyOf(bob)), ['yank'])]),
  next('a revocation of a key that nobody knows', [entry.revoke(keyIdOf(publicKeyOf(mallory)), ['release'])]),
  next('a good entry before a bad one', [
    entry.grant(publicKeyOf(mallory), ['release']),
    entry.yank('9.9.9'),
  ]),
  next('no prev', [entry.yank('1.1.0')], alice, { prev: undefined }),
  next('the prev of an older record', [entry.yank('1.1.0')], alice, { prev: recordsOf(alpha)[1]!.recordId }),
  next('the head of another package as prev', [entry.yank('1.1.0')], alice, {
    prev: headOf(packageLogId('demo:beta')).recordId,
  }),
  next('a prev that is no hash', [entry.yank('1.1.0')], alice, { prev: 'text' }),
  next('a timestamp before that of the head', [entry.yank('1.1.0')], alice, { time: 1_600_000_000 }),
];

/** The life of one package, each record on the one before. */
export const succeeding: readonly Case[] = (() => {
  const name = `${namespace}:succession`;
  let prev: string | undefined;
  const add = (id: string, key: PrivateKey, entries: readonly Uint8Array[]): Case => {
    const bytes = recordBytes({ prev, time: now, entries });
    prev = packageRecordId(bytes);
    return submit(`one after the other: ${id}`, name, signEnvelope(bytes, key));
  };
  return [
    add('the owner grants', alice, [init, entry.grant(publicKeyOf(bob), ['release'])]),
    add('the key releases', bob, [
      entry.release('1.0.0', one),
      entry.release('1.1.0', digestOf(contents.two)),
    ]),
    add('the key grants what it has', bob, [entry.grant(publicKeyOf(carol), ['release'])]),
    add('the owner takes it from the key', alice, [entry.revoke(keyIdOf(publicKeyOf(bob)), ['release'])]),
    add('the third key releases', carol, [entry.release('2.0.0-rc.1', one)]),
    add('the owner yanks', alice, [entry.yank('1.0.0')]),
    add('the owner gives up', alice, [entry.revoke(keyIdOf(publicKeyOf(alice)), ['release', 'yank'])]),
  ];
})();

/** Records that the machines accept and our policy does not: they would put the two logs out of step. */
export const refusedByPolicy: readonly Case[] = [
  next('a stranger grants his own key nothing', [entry.grant(publicKeyOf(mallory), [])], mallory),
  next('a key without permissions adds an empty record', [], carol),
  next('an owner adds an empty record', [], alice, { time: now + 1 }),
];
