import type { Gauge, Registry } from 'prom-client';
import type { Clock, SequencingObserver } from '../registry/core-options.ts';
import type { RegistryCore } from '../registry/registry.ts';
import { addProcessFigures } from './process-figures.ts';

/** What is counted and measured, in the form that Prometheus reads. */
export interface Metrics extends SequencingObserver {
  /** Told of each answer. @param route the pattern of the path, not the path: there are few of them */
  answered(request: { method: string; route: string; status: number; seconds: number }): void;
  /** The text of all metrics, and its content type. */
  text(core: RegistryCore, clock: Clock): Promise<{ readonly type: string; readonly body: string }>;
  /** Ends what observes the process. */
  close(): Promise<void>;
}

/**
 * Metrics by prom-client, which is the usual library for them on Node and computes histograms and the process's own figures
 * as Prometheus wants them. It is loaded when it is wanted.
 */
export async function createMetrics(): Promise<Metrics> {
  const { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } = await import('prom-client');
  const register: Registry = new Registry();
  const registers = [register];
  const endFigures = addProcessFigures(register, collectDefaultMetrics);
  const requests = new Histogram({
    name: 'warg_http_request_duration_seconds',
    help: 'Time from a request to the head of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const batch = new Histogram({
    name: 'warg_sequenced_batch_records',
    help: 'Records of one checkpoint',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 512],
    registers,
  });
  const sequencing = new Histogram({
    name: 'warg_sequencing_seconds',
    help: 'Time that it takes to make accepted records a checkpoint',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const rejected = new Counter({
    name: 'warg_rejected_records_total',
    help: 'Records that were accepted and did not fit their log',
    registers,
  });
  const failures = new Counter({
    name: 'warg_sequencing_failures_total',
    help: 'Attempts to sequence that failed and are tried again',
    registers,
  });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
  const queue = gauge(
    'warg_write_queue_length',
    'Operations that waited to be written when records were sequenced last',
  );
  const length = gauge('warg_log_length', 'Records of the newest checkpoint');
  const age = gauge('warg_checkpoint_age_seconds', 'Time since the newest checkpoint was signed');
  const leads = gauge('warg_sequences', '1 if this process sequences, 0 if another one does');
  return {
    answered: ({ method, route, status, seconds }) => {
      requests.observe({ method, route, status: String(status) }, seconds);
    },
    sequenced: (pass) => {
      queue.set(pass.waiting);
      if (pass.failed) {
        failures.inc();
        return;
      }
      if (pass.published > 0) batch.observe(pass.published);
      rejected.inc(pass.rejected);
      sequencing.observe(pass.seconds);
    },
    async text(core, clock) {
      leads.set(core.sequences ? 1 : 0);
      try {
        const { contents } = (await core.latestCheckpoint()).checkpoint;
        length.set(contents.logLength);
        age.set(Math.max(0, clock.now() / 1000 - contents.timestamp));
      } catch {
        // The store is away: what is said of it would not be true.
        length.set(Number.NaN);
        age.set(Number.NaN);
      }
      return { type: register.contentType, body: await register.metrics() };
    },
    close: async () => endFigures(),
  };
}
