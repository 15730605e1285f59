import { Command } from 'commander';
import { type AccessChoice, addAccessOptions } from './options/access-options.ts';
import { addContentOptions, type ContentOptions } from './options/content-options.ts';
import { addListenOptions, type ListenOptions } from './options/listen-options.ts';
import { addLogKeyOptions, type LogKeyOptions } from './options/log-key-options.ts';
import { addLogOptions, type LogOptions } from './options/log-options.ts';
import { addOperationsOptions, type OperationsOptions } from './options/operations-options.ts';
import { addOperatorOptions, type OperatorOptions } from './options/operator-options.ts';
import { addPolicyOptions, type PolicyOptions } from './options/policy-options.ts';
import { addProofOptions, type ProofOptions } from './options/proof-options.ts';
import { addRateLimitOptions, type RateLimitOptions } from './options/rate-limit-options.ts';
import { addRestoreOptions, type RestoreOptions } from './options/restore-options.ts';
import { addRoleOptions, type RoleOptions } from './options/role-options.ts';
import { addStoreOptions, type StoreOptions } from './options/store-options.ts';

/** The options of `warg-server`, read but not yet acted on. */
export type ServeOptions = ListenOptions &
  RoleOptions &
  StoreOptions &
  ContentOptions &
  OperatorOptions &
  LogKeyOptions &
  ProofOptions &
  PolicyOptions &
  AccessChoice &
  RateLimitOptions &
  OperationsOptions &
  LogOptions &
  RestoreOptions;

/** The command that the program is when no other is named. */
export function serveCommand(): Command {
  const command = new Command('warg-server').description('Runs a Warg registry.');
  addListenOptions(command);
  addRoleOptions(command);
  addStoreOptions(command);
  addContentOptions(command);
  addOperatorOptions(command);
  addLogKeyOptions(command);
  addProofOptions(command);
  addPolicyOptions(command);
  addAccessOptions(command);
  addRateLimitOptions(command);
  addRestoreOptions(command);
  addOperationsOptions(command);
  addLogOptions(command);
  return command;
}
