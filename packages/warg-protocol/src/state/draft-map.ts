/**
 * A map that a fold changes while the map it began with stays as it is: the first change makes a copy, later ones go
 * into the same copy. Folding a whole log costs one copy, folding one record that changes nothing costs none.
 */
export interface DraftMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  isEmpty(): boolean;
  /** The map as it stands. Nothing may be set afterwards. */
  result(): ReadonlyMap<K, V>;
}

export function draftMap<K, V>(base: ReadonlyMap<K, V>): DraftMap<K, V> {
  let copy: Map<K, V> | undefined;
  return {
    get: (key) => (copy ?? base).get(key),
    set(key, value) {
      copy ??= new Map(base);
      copy.set(key, value);
    },
    isEmpty: () => (copy ?? base).size === 0,
    result: () => copy ?? base,
  };
}
