// What every store must do, as tests: for the stores of this package and for those of others. They throw plain
// errors, so that they run under any test runner.

export { type LogStoreFixture, testLogStore } from './testing/log-store.ts';
export { type MapStoreFixture, testMapStore } from './testing/map-store.ts';
export type { TestApi, Transaction } from './testing/test-api.ts';
