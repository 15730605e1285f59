import perfHooks from 'node:perf_hooks';
import type { Registry } from 'prom-client';

/** What `node:perf_hooks` makes of what prom-client asks it for. */
interface Makers {
  PerformanceObserver: new (
    ...args: ConstructorParameters<typeof PerformanceObserver>
  ) => PerformanceObserver;
  monitorEventLoopDelay: typeof perfHooks.monitorEventLoopDelay;
}
type PerformanceObserver = InstanceType<typeof perfHooks.PerformanceObserver>;
const { PerformanceObserver } = perfHooks;

/**
 * Adds the process's own figures to a registry of metrics: memory, processor, file descriptors, garbage collection, delay of
 * the event loop.
 *
 * prom-client observes the last two for as long as the process lives, and has no call that ends it. It takes the observers
 * from `node:perf_hooks` while it is called and at no other time, so they are noted as they are made.
 *
 * @returns ends the observation; the figures stay as they are then
 */
export function addProcessFigures(
  register: Registry,
  collectDefaultMetrics: (config: { register: Registry }) => void,
): () => void {
  const ends: (() => void)[] = [];
  const makers = perfHooks as unknown as Makers;
  const { monitorEventLoopDelay } = makers;
  makers.PerformanceObserver = class extends PerformanceObserver {
    constructor(...args: ConstructorParameters<typeof PerformanceObserver>) {
      super(...args);
      ends.push(() => this.disconnect());
    }
  };
  makers.monitorEventLoopDelay = (...args) => {
    const monitor = monitorEventLoopDelay(...args);
    ends.push(() => monitor.disable());
    return monitor;
  };
  try {
    collectDefaultMetrics({ register });
  } finally {
    Object.assign(makers, { PerformanceObserver, monitorEventLoopDelay });
  }
  return () => {
    for (const end of ends.splice(0)) end();
  };
}
