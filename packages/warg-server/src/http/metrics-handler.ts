import type { Registry } from '../create-registry.ts';
import type { FetchHandler } from './node-server.ts';

/** Answers `GET /metrics`, and nothing else: for an address that is not the registry's own. */
export function metricsHandler(registry: Pick<Registry, 'metrics'>): FetchHandler {
  return {
    fetch: async (request) => {
      if (new URL(request.url).pathname !== '/metrics')
        return new Response('expected /metrics\n', { status: 404 });
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
      }
      const metrics = await registry.metrics();
      if (metrics === undefined) return new Response('metrics are not on\n', { status: 404 });
      const body = request.method === 'HEAD' ? null : metrics.body;
      return new Response(body, { headers: { 'content-type': metrics.type, 'cache-control': 'no-store' } });
    },
  };
}
