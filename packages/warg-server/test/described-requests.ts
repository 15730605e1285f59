// Requests made from the table of routes, so that a route that is new is asked like every other one.

import { generatePrivateKey, signMessage } from '@warg/crypto';
import { packageLogId, parsePackageName } from '@warg/protocol';
import { contentTypes } from '@warg/protocol/api';
import { jsonSchemas } from '@warg/protocol/api/schemas';
import { routesOf } from '../src/http/app.ts';
import type { Route } from '../src/http/router.ts';
import type { Services } from '../src/http/services.ts';

/** Every route of a process that serves and sequences, and was told its URL. */
export const everyRoute: readonly Route[] = routesOf({
  publicUrl: 'https://registry.test',
  core: {},
} as Services);

/** A digest that names nothing. */
export const unknownId = `sha256:${'ab'.repeat(32)}`;

/** Well-formed, and found nowhere. */
const TEXTS = [
  '',
  unknownId,
  'AAAA',
  'test:hello',
  '0',
  '1',
  `sha256-${'ab'.repeat(32)}`,
  '000',
  `${unknownId}@99`,
];
const SIGNATURE = signMessage(generatePrivateKey(), new Uint8Array(1));

/** A text that a pattern allows. @throws Error for a pattern that is new here: give `TEXTS` one that it allows */
function textFor(pattern: string | undefined): string {
  if (pattern === undefined) return 'text';
  const found = [...TEXTS.slice(1), SIGNATURE, ''].find((text) => new RegExp(pattern).test(text));
  if (found === undefined) throw new Error(`no text here matches ${pattern}`);
  return found;
}

/** A JSON Schema, as far as it is looked into here. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** What a schema describes, with every member that it knows: null where that may be, one of each list and map. */
function exampleOf(schema: JsonSchema): unknown {
  const choices = schema.anyOf ?? schema.oneOf ?? [];
  if (schema.type?.includes('null') || choices.some(({ type }) => type === 'null')) return null;
  if (choices.length > 0) return exampleOf(choices[0]!);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === 'integer') return 2;
  if (schema.type === 'boolean') return false;
  if (schema.type === 'string') return textFor(schema.pattern);
  if (schema.type === 'array') return [exampleOf(schema.items!)];
  if (schema.propertyNames !== undefined) return mapOf(schema, [String(exampleOf(schema.propertyNames))]);
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, member]) => [name, exampleOf(member)]),
  );
}

function mapOf({ additionalProperties }: JsonSchema, names: readonly string[]): object {
  const value = typeof additionalProperties === 'object' ? exampleOf(additionalProperties) : null;
  return Object.fromEntries(names.map((name) => [name, value]));
}

/** A route that reads JSON, and what it reads. */
export interface JsonCall {
  /** For the package `test:hello`, where it is about one. */
  readonly path: string;
  /** Well-formed. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The same with a list or map of `count` in one member, for each that is one, by the member's name. */
  many(count: number): readonly (readonly [member: string, body: object])[];
}

/** Every route that reads JSON. */
export const jsonCalls: readonly JsonCall[] = everyRoute.flatMap((route) => {
  const named = route.about.body?.[contentTypes.json]?.['$ref'];
  if (named === undefined) return [];
  const schema = jsonSchemas()[String(named).slice('#/components/schemas/'.length)] as JsonSchema;
  const body = exampleOf(schema) as Record<string, unknown>;
  const members = Object.entries(schema.properties ?? {});
  return [
    {
      path: pathOf(route, { logId: packageLogId(parsePackageName('test:hello')) }),
      body,
      many: (count) =>
        members.flatMap(([name, member]) => {
          const list = manyOf(member, count);
          return list === undefined ? [] : [[name, { ...body, [name]: list }] as const];
        }),
    },
  ];
});

function manyOf(schema: JsonSchema, count: number): unknown {
  const numbered = (of: JsonSchema) => (n: number) =>
    of.type === 'integer' ? n : `sha256:${n.toString(16).padStart(64, '0')}`;
  const numbers = Array.from({ length: count }, (_, n) => n);
  if (schema.type === 'array') return numbers.map(numbered(schema.items!));
  if (schema.propertyNames === undefined) return undefined;
  return mapOf(
    schema,
    numbers.map((n) => String(numbered(schema.propertyNames!)(n))),
  );
}

/** The path of a route with well-formed parts that name nothing, or with others in their place. */
export function pathOf({ path, about }: Route, parts: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(
    /:(\w+)(?:\{[^}]*\})?/g,
    (_, name: string) => parts[name] ?? textFor(about.path![name]!['pattern'] as string | undefined),
  );
}

/** The bodies that come of one by replacing each digest in it, in turn, wherever it stands. */
export function* withOtherDigests(body: unknown, other: string): Generator<unknown> {
  const text = JSON.stringify(body);
  for (const { index } of text.matchAll(/sha256:[0-9a-f]{64}/g)) {
    yield JSON.parse(text.slice(0, index) + other + text.slice(index + unknownId.length));
  }
}
