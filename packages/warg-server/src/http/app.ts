import { Hono } from 'hono';
import { jsonAnswer, messageBody, notFoundMessage } from './answers.ts';
import { cors } from './cors.ts';
import { answerError } from './errors.ts';
import { ImportedLogs } from './imported-logs.ts';
import { RateLimiting } from './rate-limits.ts';
import { refuseOtherRegistry } from './registry-header.ts';
import { addRoutes, type Route } from './router.ts';
import { contentRoutes } from './routes/content.ts';
import { fetchRoutes } from './routes/fetch.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { packageRoutes } from './routes/package.ts';
import { proofRoutes } from './routes/proof.ts';
import { tileRoutes } from './routes/tiles.ts';
import { verifyRoutes } from './routes/verify.ts';
import { wellKnownRoutes } from './routes/well-known.ts';
import type { AppEnv, Services } from './services.ts';

/** Puts the routes of the API together. */
export function createApp(services: Services): Hono<AppEnv> {
  const { log, publicUrl, access } = services;
  const app = new Hono<AppEnv>();
  app.onError((error, c) => answerError(error, log, { method: c.req.method, path: c.req.path }));
  app.notFound(() => jsonAnswer(messageBody(404, notFoundMessage), 404));
  app.use(async (c, next) => {
    const start = performance.now();
    await next();
    const fields = { method: c.req.method, path: c.req.path, status: c.res.status };
    log.debug({ ...fields, ms: Math.round(performance.now() - start) }, 'answered');
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

/** Every route of the API. */
export function routesOf(services: Services): readonly Route[] {
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
  ];
}
