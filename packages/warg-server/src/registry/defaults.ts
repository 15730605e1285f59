import type { Clock, RegistryLog } from './core-options.ts';

/** What tells the time where the options name nothing else. */
export const systemClock: Clock = { now: () => Date.now() };

/** What is told everything where nobody wants to know. */
export const silentLog: RegistryLog = { debug() {}, info() {}, warn() {}, error() {} };
