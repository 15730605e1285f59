import { type Command, Option } from 'commander';
import type { RegistryRole } from '../../registry/core-options.ts';

/** What this process does, of several that share a database. */
export interface RoleOptions {
  readonly role: RegistryRole;
}

/** Adds these options to a command. */
export function addRoleOptions(command: Command): Command {
  return command.addOption(
    new Option(
      '--role <role>',
      'what this process does, of several on one PostgreSQL database: `api` serves and needs no operator key, `sequencer` signs',
    )
      .env('WARG_ROLE')
      .choices(['all', 'api', 'sequencer'])
      .default('all'),
  );
}
