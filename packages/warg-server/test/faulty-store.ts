import type { RegistryStore, StoreTransaction } from '../src/store/registry-store.ts';

export class InjectedFault extends Error {}

/** Where a transaction shall break. */
export type Fault =
  /** Before the call with this number, counted over all transactions from 1. */
  | { readonly type: 'call'; readonly number: number }
  /** At the end of the transaction with this number: nothing of it is kept. */
  | { readonly type: 'commit'; readonly number: number }
  /** Behind the commit of the transaction with this number: everything is kept, but nobody is told so. */
  | { readonly type: 'answer'; readonly number: number };

export interface FaultyStore extends RegistryStore {
  /** Breaks once, as described, counting from now. */
  arm(fault: Fault): void;
  /** Whether the fault has happened. */
  readonly fired: boolean;
}

/** A store that breaks where a test wants it to. */
export function faultyStore(store: RegistryStore): FaultyStore {
  let fault: Fault | undefined;
  let calls = 0;
  let transactions = 0;
  let fired = false;
  const fire = (): never => {
    fault = undefined;
    fired = true;
    throw new InjectedFault('an injected fault');
  };
  const watch = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const value = Reflect.get(object, name);
        if (typeof value === 'object' && value !== null) return watch(value);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          calls += 1;
          if (fault?.type === 'call' && fault.number === calls) fire();
          return Reflect.apply(value, object, args);
        };
      },
    });
  // The trees keep the stores that they were opened with, so these must be the same objects each time.
  const watched = new WeakMap<StoreTransaction, StoreTransaction>();
  return {
    read: (work) => store.read(work),
    async transaction(work) {
      let mine = 0;
      const result = await store.transaction(async (transaction) => {
        mine = transactions += 1;
        const seen = watched.get(transaction) ?? watch(transaction);
        watched.set(transaction, seen);
        const done = await work(seen);
        if (fault?.type === 'commit' && fault.number === mine) fire();
        return done;
      });
      if (fault?.type === 'answer' && fault.number === mine) fire();
      return result;
    },
    revision: () => store.revision(),
    close: () => store.close(),
    arm(next) {
      fault = next;
      calls = 0;
      transactions = 0;
      fired = false;
    },
    get fired() {
      return fired;
    },
  };
}
