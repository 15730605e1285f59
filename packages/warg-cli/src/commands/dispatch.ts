import type { Command } from 'commander';
import type { CommandResult } from '../output/output.ts';
import type { Context } from './context.ts';

/** What a command does: everything but parsing and printing. */
export type Handler = (context: Context) => Promise<CommandResult>;

/**
 * Runs a command's handler with the context that the command's options make, and says its result. The groups of
 * commands are given this function, so that they know nothing of processes and exit codes.
 */
export type Dispatch = (command: Command, handler: Handler) => Promise<void>;
