import { type Command, Option } from 'commander';
import { parseDuration } from '../option-values.ts';

/** For how long is proved what is not the newest any more. */
export interface ProofOptions {
  /** ms */
  readonly proofRetention: number;
}

const MINUTE = 60_000;

/** Adds these options to a command. */
export function addProofOptions(command: Command): Command {
  return command.addOption(
    new Option(
      '--proof-retention <time>',
      'how long proofs of packages are made at a checkpoint once another one has followed: 90m, 24h, 7d',
    )
      .env('WARG_PROOF_RETENTION')
      .default(60 * MINUTE, '1h')
      // Clients ask for proofs at the checkpoint that they have just fetched: they need some time.
      .argParser((text) => parseDuration(text, { least: MINUTE, most: 10 * 365 * 24 * 60 * MINUTE })),
  );
}
