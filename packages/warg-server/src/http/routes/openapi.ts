import { jsonAnswer } from '../answers.ts';
import { describeRoutes } from '../openapi/document.ts';
import { openApiDocument } from '../openapi/service.ts';
import type { Route } from '../router.ts';

/** `openapi.json`: what all routes do, itself included. */
export function openApiRoutes(others: readonly Route[]): readonly Route[] {
  let text: Promise<string> | undefined;
  const route: Route = {
    path: 'openapi.json',
    access: 'public',
    about: openApiDocument,
    get: async () => {
      text ??= describe([...others, route]);
      return jsonAnswer(await text, 200, { 'cache-control': 'public, max-age=300' });
    },
  };
  return [route];
}

/** Loaded when somebody asks: what makes the schemas is needed for nothing else. */
async function describe(routes: readonly Route[]): Promise<string> {
  const { jsonSchemas } = await import('@warg/protocol/api/schemas');
  return JSON.stringify(describeRoutes(routes, jsonSchemas()));
}
