import type { RouteAccess } from './access/access.ts';
import type { HttpAnswer } from './answers.ts';
import { methodNotAllowed } from './errors.ts';
import type { Operation } from './openapi/operation.ts';
import type { AppContext } from './services.ts';

type Handler = (context: AppContext) => Promise<HttpAnswer> | HttpAnswer;

/** One path and what answers its methods. */
export interface Route {
  readonly path: string;
  /** What `openapi.json` says of it. A route answers one method, and HEAD with GET. */
  readonly about: Operation;
  /** Who is let in; `all` if nothing is said, which lets in the fewest. */
  readonly access?: RouteAccess;
  /**
   * Whether it is asked so often that it is worth a way of its own: see {@link import('./direct-door.ts').DirectDoor}. It
   * reads a JSON body or none, and answers with what is in memory.
   */
  readonly isDirect?: boolean;
  readonly get?: Handler;
  readonly post?: Handler;
}

/** What answers one method of a path, or all others. */
export interface Endpoint {
  /** Without the slash at its beginning. */
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'other';
  /** Undefined where there is nothing behind the door. */
  readonly level: RouteAccess | undefined;
  readonly isDirect: boolean;
  readonly handle: Handler;
}

/** The endpoints of a route: its own, and that for other methods, which says 405 with an `Allow` header. */
export function endpointsOf({ path, get, post, access = 'all', isDirect = false }: Route): Endpoint[] {
  const own = { path, level: access, isDirect };
  const endpoints: Endpoint[] = [];
  if (get !== undefined) endpoints.push({ ...own, method: 'GET', handle: get });
  if (post !== undefined) endpoints.push({ ...own, method: 'POST', handle: post });
  const allowed = [...(get === undefined ? [] : ['GET', 'HEAD']), ...(post === undefined ? [] : ['POST'])];
  const refuse = (): never => {
    throw methodNotAllowed(allowed);
  };
  return [...endpoints, { path, method: 'other', level: undefined, isDirect: false, handle: refuse }];
}
