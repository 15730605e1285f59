import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import { jsonAnswer, messageBody, notFoundMessage } from './answers.ts';
import { cors } from './cors.ts';
import { answerError } from './errors.ts';
import { ImportedLogs } from './imported-logs.ts';
import { RateLimiting } from './rate-limits.ts';
import { refuseOtherRegistry } from './registry-header.ts';
import { requestFields, requestId } from './request-id.ts';
import { addRoutes, type Route } from './router.ts';
import { contentRoutes } from './routes/content.ts';
import { fetchRoutes } from './routes/fetch.ts';
import { healthRoutes } from './routes/health.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { packageRoutes } from './routes/package.ts';
import { proofRoutes } from './routes/proof.ts';
import { tileRoutes } from './routes/tiles.ts';
import { verifyRoutes } from './routes/verify.ts';
import { wellKnownRoutes } from './routes/well-known.ts';
import type { AppContext, AppEnv, Services } from './services.ts';

/** Puts the routes of the API together. */
export function createApp(services: Services): Hono<AppEnv> {
  const { log, publicUrl, access, metrics } = services;
  const app = new Hono<AppEnv>();
  app.onError((error, c) =>
    answerError(error, log, { ...requestFields(c), method: c.req.method, path: c.req.path }),
  );
  app.notFound(() => jsonAnswer(messageBody(404, notFoundMessage), 404));
  app.use(requestId);
  app.use(async (c, next) => {
    const start = performance.now();
    await next();
    const ms = performance.now() - start;
    const { method, path } = c.req;
    const { status } = c.res;
    // The path alone: what stands behind it may let others in.
    log.debug({ ...requestFields(c), method, path, status, ms: Math.round(ms) }, 'answered');
    metrics?.answered({ method: methodOf(method), route: patternOf(c), status, seconds: ms / 1000 });
  });
  app.use(cors);
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(access.headersFor(c))) c.res.headers.set(name, value);
  });
  const limiting = new RateLimiting(services.rateLimits);
  app.use(limiting.guard);
  app.use('/v1/*', async (c, next) => {
    refuseOtherRegistry(c.req.raw, publicUrl ?? c.env.origin);
    await next();
  });
  addRoutes(app, routesOf(services), async (c, level) => {
    await access.enter(c, level);
    limiting.admit(c, access.tokenIdOf(c));
  });
  return app;
}

/** Methods and patterns are labels of metrics, and of those there must be few, whatever is asked. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']);

function methodOf(method: string): string {
  return METHODS.has(method) ? method : 'other';
}

function patternOf(c: AppContext): string {
  const patterns = matchedRoutes(c).map(({ path }) => path);
  return patterns.findLast((path) => !path.endsWith('*')) ?? 'none';
}

/** Every route that this process has. */
export function routesOf(services: Services): readonly Route[] {
  const routes = describedRoutes(services);
  return [...routes, ...openApiRoutes(routes)];
}

function describedRoutes(services: Services): readonly Route[] {
  if (services.role === 'sequencer') return healthRoutes(services);
  const imported = new ImportedLogs(services.core);
  return [
    ...fetchRoutes(services, imported),
    ...packageRoutes(services, imported),
    ...contentRoutes(services),
    ...proofRoutes(services),
    ...verifyRoutes(services),
    ...ledgerRoutes(services),
    ...tileRoutes(services),
    ...wellKnownRoutes(services),
    ...healthRoutes(services),
  ];
}
