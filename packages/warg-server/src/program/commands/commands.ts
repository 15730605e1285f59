import type { Command } from 'commander';
import type { ProgramHost } from '../host.ts';
import { auditCommand } from './audit-command.ts';
import { backupCommand } from './backup-command.ts';
import { contentCommand } from './content-command.ts';
import { fsckCommand } from './fsck-command.ts';
import { gcCommand } from './gc-command.ts';
import { importCommand } from './import-command.ts';
import { keyCommand } from './key-command.ts';
import { migrateCommand } from './migrate-command.ts';
import { operatorCommand } from './operator-command.ts';
import { tokenCommand } from './token-command.ts';

/** Every command of the program besides serving, in the order of its help. */
export const commands: readonly ((host: ProgramHost) => Command)[] = [
  keyCommand,
  operatorCommand,
  contentCommand,
  tokenCommand,
  auditCommand,
  gcCommand,
  fsckCommand,
  backupCommand,
  importCommand,
  migrateCommand,
];
