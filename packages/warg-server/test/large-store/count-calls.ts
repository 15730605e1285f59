import type { RegistryStore } from '../../src/store/registry-store.ts';

/** A store that notes what is asked of it. */
export interface CountedStore {
  readonly store: RegistryStore;
  /** The names of the calls, sorted. */
  calls(): readonly string[];
}

/** Notes every call of a store, those of its trees included. */
export function countCalls(store: RegistryStore): CountedStore {
  const calls: string[] = [];
  const watched = new WeakMap<object, object>();
  const watch = <T extends object>(target: T): T => {
    const known = watched.get(target) as T | undefined;
    if (known !== undefined) return known;
    const proxy = new Proxy(target, {
      get(object, name) {
        const value = Reflect.get(object, name);
        if (typeof value === 'object' && value !== null) return watch(value);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls.push(`${String(name)} ${sizeOf(args)}`);
          return Reflect.apply(value, object, args);
        };
      },
    });
    watched.set(target, proxy);
    return proxy;
  };
  return {
    store: {
      read: (work) => store.read((reads) => work(watch(reads))),
      transaction: (work) => store.transaction((transaction) => work(watch(transaction))),
      revision: () => store.revision(),
      close: () => store.close(),
    },
    calls: () => calls.toSorted(),
  };
}

/** How many things are asked for in one call. */
function sizeOf(args: readonly unknown[]): string {
  return args.map((arg) => (Array.isArray(arg) ? `[${arg.length}]` : typeof arg)).join(' ');
}
