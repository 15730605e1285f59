import { expect, it } from 'vitest';
import { draftMap } from './draft-map.ts';

/** A map that counts how often somebody goes through all of it. */
class CountingMap<K, V> extends Map<K, V> {
  walks = 0;
  override [Symbol.iterator](): MapIterator<[K, V]> {
    this.walks++;
    return super[Symbol.iterator]();
  }
}

it('is copied once, however often it changes, and not at all if it does not', () => {
  const base = new CountingMap([['a', 1]]);
  const untouched = draftMap(base);
  expect([untouched.get('a'), untouched.get('b'), untouched.isEmpty()]).toEqual([1, undefined, false]);
  expect(untouched.result()).toBe(base);
  expect(base.walks).toBe(0);

  const draft = draftMap(base);
  for (let i = 0; i < 1000; i++) draft.set(`b${i}`, i);
  draft.set('a', 2);
  expect(base.walks).toBe(1);
  expect([draft.get('a'), draft.get('b999')]).toEqual([2, 999]);
  expect(draft.result().size).toBe(1001);
  expect([...base]).toEqual([['a', 1]]);
  expect(draftMap(new Map()).isEmpty()).toBe(true);
});
