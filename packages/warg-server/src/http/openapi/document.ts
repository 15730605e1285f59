import { headers as headerNames } from '@warg/protocol/api';
import type { RouteAccess } from '../access/access.ts';
import type { Route } from '../router.ts';
import { type AnswerDescription, json, named, type Operation, type Schema } from './operation.ts';

/** An OpenAPI 3.1 document, as far as it is looked into here. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: Readonly<Record<string, unknown>>;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly security: readonly Schema[];
  readonly responses: Readonly<
    Record<
      string,
      Omit<AnswerDescription, 'headers'> & { readonly headers?: Readonly<Record<string, Schema>> }
    >
  >;
}

/**
 * Describes routes.
 *
 * @param schemas what `jsonSchemas()` of `@warg/protocol/api/schemas` gives
 */
export function describeRoutes(
  routes: readonly Route[],
  schemas: Readonly<Record<string, object>>,
): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of routes) {
    const method = route.get === undefined ? 'post' : 'get';
    paths[openApiPath(route.path)] = { [method]: describe(route, method) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Warg registry',
      version: '1',
      description: 'HEAD is answered like GET, without the body. Other methods are answered with 405.',
      license: {
        name: 'Apache-2.0 WITH LLVM-exception',
        identifier: 'Apache-2.0 WITH LLVM-exception',
      },
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bare(schema)])),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Where the registry asks for one.' },
      },
    },
  };
}

/** `v1/package/:logId/record` as OpenAPI writes it: `/v1/package/{logId}/record`. */
export function openApiPath(path: string): string {
  return `/${path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, '{$1}')}`;
}

function describe({ about, path, access = 'all' }: Route, method: 'get' | 'post'): OpenApiOperation {
  const { id, summary, description, body } = about;
  const parameters = [
    ...Object.entries(about.path ?? {}).map(([name, schema]) => ({
      name,
      in: 'path',
      required: true,
      schema,
    })),
    ...Object.entries(about.query ?? {}).map(([name, text]) => ({
      name,
      in: 'query',
      description: text,
      schema: { type: 'string' },
    })),
    ...Object.entries(headersOf(about, path)).map(([name, text]) => ({
      name,
      in: 'header',
      description: text,
      schema: { type: 'string' },
    })),
  ];
  const operation = {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
    // The empty one: a public registry asks for nothing, and a link needs nothing beside it.
    security: access === 'public' ? [] : [{}, { token: [] }],
    responses: Object.fromEntries(
      Object.entries({ ...commonAnswers(about, path, access, method), ...about.answers }).map(
        ([status, answer]) => [
          status,
          {
            description: answer.description,
            ...(answer.headers && { headers: headersIn(answer.headers) }),
            ...(answer.content && { content: contentOf(answer.content) }),
          },
        ],
      ),
    ),
  };
  return operation;
}

function headersOf({ headers = {} }: Operation, path: string): Readonly<Record<string, string>> {
  if (!path.startsWith('v1/')) return headers;
  return { ...headers, [headerNames.registry]: 'The domain of the registry that the request is meant for.' };
}

/** What stands before the routes, and what befalls any of them. */
function commonAnswers(
  { body }: Operation,
  path: string,
  access: RouteAccess,
  method: 'get' | 'post',
): Operation['answers'] {
  const error = (description: string) => ({ description, content: json(named('MonitorError')) });
  return {
    400: error('The request cannot be read.'),
    429: error('Too many requests: try again later.'),
    431: error('The URL, or the headers, are too large.'),
    500: error('Something failed that should not have.'),
    503: error('The registry or its store cannot do this now: try again later.'),
    ...(access === 'public'
      ? {}
      : {
          401: error('A token is needed, or this one is not good.'),
          403: error('The token may not do this.'),
        }),
    ...(path.startsWith('v1/') ? { 501: error('Not supported here, or meant for another registry.') } : {}),
    ...(method === 'post' && body?.['application/json'] !== undefined
      ? {
          408: error('The body came too slowly.'),
          413: error('The body, or what it asks for, is too large.'),
          415: error('The body is not said to be JSON.'),
          422: error('The body has the wrong shape.'),
        }
      : {}),
  };
}

function headersIn(headers: Readonly<Record<string, string>>): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, required: true, schema: { type: 'string' } },
    ]),
  );
}

function contentOf(content: Readonly<Record<string, Schema>>): Record<string, { schema: Schema }> {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

/** Without the dialect, which the document names once for all by being OpenAPI 3.1. */
function bare(schema: object): object {
  const { $schema: _, ...rest } = schema as { $schema?: string };
  return rest;
}
