// Installing, starting and ending the programs that apps/interop tries and apps/bench measures: the Rust ones and ours.
export {
  buildRust,
  NoRust,
  type RustPrograms,
  rustPrograms,
  rustServerWithPostgres,
  rustVersion,
} from './cargo.ts';
export { type Client, must, mustRefuse, ourClient, ourWarg, rustClient } from './clients.ts';
export {
  type Finished,
  type ProgramOptions,
  type RunningProgram,
  runProgram,
  startProgram,
} from './processes.ts';
export {
  cleanEnvironment,
  ourServer,
  type Registry,
  type RegistryOptions,
  startOurServer,
  startRustServer,
} from './servers.ts';
