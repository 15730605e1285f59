import { type Command, Option } from 'commander';
import { type ListenAddress, parseDuration, parseListenAddress } from '../option-values.ts';

/** What tells others how the process is. */
export interface OperationsOptions {
  readonly metricsListen?: ListenAddress;
  /** ms */
  readonly readyCheckpointAge: number;
}

/** Adds these options to a command. */
export function addOperationsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--metrics-listen <address>',
        'address and port for metrics alone, at /metrics, for Prometheus',
      )
        .env('WARG_METRICS_LISTEN')
        .argParser(parseListenAddress),
    )
    .addOption(
      new Option(
        '--ready-checkpoint-age <time>',
        'how old the newest checkpoint may be before /readyz says no: 90s, 10m, 24h',
      )
        .env('WARG_READY_CHECKPOINT_AGE')
        .default(300_000, '5m')
        // The head is signed again each minute while nothing happens.
        .argParser((text) => parseDuration(text, { least: 60_000, most: 365 * 24 * 3_600_000 })),
    );
}
