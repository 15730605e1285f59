import type { Hono } from 'hono';
import type { RouteAccess } from './access/access.ts';
import { methodNotAllowed } from './errors.ts';
import type { Operation } from './openapi/operation.ts';
import type { AppContext, AppEnv } from './services.ts';

type Handler = (context: AppContext) => Promise<Response> | Response;

/** One path and what answers its methods. */
export interface Route {
  readonly path: string;
  /** What `openapi.json` says of it. A route answers one method, and HEAD with GET. */
  readonly about: Operation;
  /** Who is let in; `all` if nothing is said, which lets in the fewest. */
  readonly access?: RouteAccess;
  readonly get?: Handler;
  readonly post?: Handler;
}

/**
 * Adds routes whose other methods are answered with 405 and an `Allow` header. HEAD is answered like GET: hono drops
 * the body.
 *
 * @param enter lets a request pass to its route, or throws
 */
export function addRoutes(
  app: Hono<AppEnv>,
  routes: readonly Route[],
  enter: (context: AppContext, level: RouteAccess) => Promise<void>,
): void {
  for (const { path, get, post, access: level = 'all' } of routes) {
    const guarded = (handler: Handler): Handler => {
      return async (c) => {
        await enter(c, level);
        return handler(c);
      };
    };
    if (get !== undefined) app.get(`/${path}`, guarded(get));
    if (post !== undefined) app.post(`/${path}`, guarded(post));
    const allowed = [...(get === undefined ? [] : ['GET', 'HEAD']), ...(post === undefined ? [] : ['POST'])];
    app.all(`/${path}`, () => {
      throw methodNotAllowed(allowed);
    });
  }
}
