import type { Hono } from 'hono';
import { methodNotAllowed } from './errors.ts';
import type { AppContext, AppEnv } from './services.ts';

type Handler = (context: AppContext) => Promise<Response> | Response;

/** One path and what answers its methods. */
export interface Route {
  readonly path: string;
  readonly get?: Handler;
  readonly post?: Handler;
}

/**
 * Adds routes whose other methods are answered with 405 and an `Allow` header. HEAD is answered like GET: hono drops
 * the body.
 */
export function addRoutes(app: Hono<AppEnv>, routes: readonly Route[]): void {
  for (const { path, get, post } of routes) {
    if (get !== undefined) app.get(`/${path}`, get);
    if (post !== undefined) app.post(`/${path}`, post);
    const allowed = [...(get === undefined ? [] : ['GET', 'HEAD']), ...(post === undefined ? [] : ['POST'])];
    app.all(`/${path}`, () => {
      throw methodNotAllowed(allowed);
    });
  }
}
