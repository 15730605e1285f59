import { jsonSchemas } from '@warg/protocol/api/schemas';
import { messageBody, notFoundMessage } from '../src/http/answers.ts';
import { routesOf } from '../src/http/app.ts';
import { describeRoutes, type OpenApiDocument } from '../src/http/openapi/document.ts';
import type { Services } from '../src/http/services.ts';

/** `openapi.json` of a registry that has every route. */
export const documentOfAll: OpenApiDocument = describeRoutes(
  routesOf({ publicUrl: 'https://registry.test', core: {} } as Services),
  jsonSchemas(),
);

/** The most telling first: `/tile/entries/{index}` before `/tile/{level}/{index}`. */
const patterns = Object.entries(documentOfAll.paths)
  .map(([path, methods]) => ({
    // Only an index of a tile has slashes in it.
    pattern: new RegExp(
      `^${path
        .replaceAll('.', '\\.')
        .replaceAll('{index}', '.+')
        .replaceAll(/\{\w+\}/g, '[^/]+')}$`,
    ),
    methods,
  }))
  .sort((a, b) => Number(a.pattern.source.includes('[^/]')) - Number(b.pattern.source.includes('[^/]')));

/**
 * Holds an answer against the document.
 *
 * @param path relative to the registry's URL
 * @throws Error if the document does not know its status, or its content type at that status, or if a header is missing
 */
export async function requireDocumented(method: string, path: string, response: Response): Promise<void> {
  const { status, headers } = response;
  const { pathname } = new URL(path, 'http://registry.test/');
  const methods = patterns.find(({ pattern }) => pattern.test(pathname))?.methods;
  const operation = methods?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
  const type = headers.get('content-type')?.split(';')[0];
  const fail = (expected: string): never => {
    throw new Error(`${method} ${path} was answered with ${status} ${type}: ${expected}`);
  };
  if (operation === undefined) {
    // What is no route, and what no route does: the same for all.
    if (method === 'OPTIONS' && status === 204) return;
    if (![404, 405, 429, 500, 501].includes(status)) fail('no route of the document has that method');
    return;
  }
  // Not every registry has every route, such as one that was not told its URL.
  if (status === 404 && (await response.clone().text()) === messageBody(404, notFoundMessage)) return;
  const answer = operation.responses[status] ?? fail(`${operation.operationId} has no such status`);
  for (const name of Object.keys(answer.headers ?? {}))
    if (!headers.has(name)) fail(`${operation.operationId} has a header ${name} there`);
  const types = Object.keys(answer.content ?? {});
  const isBare = method === 'HEAD' || types.length === 0;
  if (isBare ? type !== undefined && types.length === 0 : !types.includes(type ?? '')) {
    fail(`${operation.operationId} has ${types.join(', ') || 'no body'} there`);
  }
}
