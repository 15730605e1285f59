import { type HttpAnswer, jsonAnswer, messageBody, notFoundMessage } from './answers.ts';
import { allowOrigins, preflightAnswer } from './cors.ts';
import { answerError } from './errors.ts';
import { RateLimiting } from './rate-limits.ts';
import { refuseOtherRegistry } from './registry-header.ts';
import { requestFields, requestIdHeader, requestIdOf } from './request-id.ts';
import type { Endpoint } from './router.ts';
import type { AppContext, Services } from './services.ts';

/** Answers an exchange, whatever host it came in by. @param endpoint where its path leads; undefined for nowhere */
export type Respond = (c: AppContext, endpoint: Endpoint | undefined) => Promise<HttpAnswer>;

/** Puts around every endpoint what holds for all: ids, limits, tokens, headers, errors, log and metrics. */
export function createRespond(services: Services): Respond {
  const { log, publicUrl, access, metrics } = services;
  const limiting = new RateLimiting(services.rateLimits);

  return async (c, endpoint) => {
    const start = performance.now();
    c.requestId = requestIdOf(c);
    const answer = preflightAnswer(c) ?? (await guarded(c, endpoint));
    answer.headers[requestIdHeader] = c.requestId;
    const ms = performance.now() - start;
    const { method, path } = c.req;
    const { status } = answer;
    // The path alone: what stands behind it may let others in.
    log.debug({ ...requestFields(c), method, path, status, ms: Math.round(ms) }, 'answered');
    metrics?.answered({
      method: methodOf(method),
      route: endpoint === undefined ? 'none' : `/${endpoint.path}`,
      status,
      seconds: ms / 1000,
    });
    return answer;
  };

  async function guarded(c: AppContext, endpoint: Endpoint | undefined): Promise<HttpAnswer> {
    let answer: HttpAnswer;
    try {
      answer = await limiting.guard(c, () => entered(c, endpoint));
    } catch (error) {
      answer = failed(c, error);
    }
    Object.assign(answer.headers, access.headersFor(c));
    allowOrigins(answer);
    return answer;
  }

  /** Never rejects. */
  async function entered(c: AppContext, endpoint: Endpoint | undefined): Promise<HttpAnswer> {
    try {
      // A method that nothing here has is refused as such, whichever registry it was meant for.
      const isOther = endpoint?.method === 'other';
      if (!isOther && isApi(c.req.path)) refuseOtherRegistry(c.req.raw, publicUrl ?? c.env.origin);
      if (endpoint === undefined) return jsonAnswer(messageBody(404, notFoundMessage), 404);
      if (endpoint.level !== undefined) {
        await access.enter(c, endpoint.level);
        limiting.admit(c, c.token?.id);
      }
      return await endpoint.handle(c);
    } catch (error) {
      return failed(c, error);
    }
  }

  function failed(c: AppContext, error: unknown): HttpAnswer {
    return answerError(error, log, { ...requestFields(c), method: c.req.method, path: c.req.path });
  }
}

function isApi(path: string): boolean {
  return path.startsWith('/v1') && (path.length === 3 || path[3] === '/');
}

/** Methods and patterns are labels of metrics, and of those there must be few, whatever is asked. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']);

function methodOf(method: string): string {
  return METHODS.has(method) ? method : 'other';
}
