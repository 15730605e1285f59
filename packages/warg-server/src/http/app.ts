import { type Context, Hono } from 'hono';
import { toResponse } from './answers.ts';
import { createDirectDoor, type DirectDoor } from './direct-door.ts';
import { newExchange, type RawRequest } from './exchange.ts';
import { ImportedLogs } from './imported-logs.ts';
import type { RequestContext } from './request-context.ts';
import { createRespond } from './respond.ts';
import { type Endpoint, endpointsOf, type Route } from './router.ts';
import { contentRoutes } from './routes/content.ts';
import { fetchRoutes } from './routes/fetch.ts';
import { healthRoutes } from './routes/health.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { packageRoutes } from './routes/package.ts';
import { proofRoutes } from './routes/proof.ts';
import { provedRoutes } from './routes/proved.ts';
import { tileRoutes } from './routes/tiles.ts';
import { verifyRoutes } from './routes/verify.ts';
import { wellKnownRoutes } from './routes/well-known.ts';
import type { AppContext, Services } from './services.ts';

/** The two doors of a registry. */
export interface App {
  readonly fetch: (request: Request, context: RequestContext) => Promise<Response>;
  readonly direct: DirectDoor;
}

interface Env {
  readonly Bindings: RequestContext;
}

/**
 * Puts the routes of the API together.
 *
 * @param clientOf says who a request is really from
 */
export function createApp(
  services: Services,
  clientOf: (request: RawRequest, context: RequestContext) => RequestContext,
): App {
  const respond = createRespond(services);
  const endpoints = routesOf(services).flatMap(endpointsOf);
  const hono = new Hono<Env>();
  const through = async (c: Context<Env>, endpoint: Endpoint | undefined): Promise<Response> =>
    toResponse(await respond(exchangeOf(c), endpoint));
  for (const endpoint of endpoints) {
    const { path, method } = endpoint;
    // HEAD is answered like GET: hono drops the body.
    if (method === 'other') hono.all(`/${path}`, (c) => through(c, endpoint));
    else hono.on(method, `/${path}`, (c) => through(c, endpoint));
  }
  hono.notFound((c) => through(c, undefined));
  return {
    fetch: async (request, context) => hono.fetch(request, clientOf(request, context)),
    direct: createDirectDoor(endpoints, respond, clientOf),
  };
}

function exchangeOf(c: Context<Env>): AppContext {
  const { raw, method, path } = c.req;
  const req: AppContext['req'] = {
    raw,
    method,
    path,
    header: (name) => c.req.header(name),
    param: (name) => c.req.param(name),
  };
  return newExchange(req, c.env);
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
    ...provedRoutes(services, imported),
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
