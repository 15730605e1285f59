import { contentTypes } from '@warg/protocol/api';

/** JSON Schema (draft 2020-12), or a reference to one. */
export type Schema = Readonly<Record<string, unknown>>;

/** What one route does, for people and for programs: the part of its OpenAPI operation that is its own. */
export interface Operation {
  /** Unique in the document. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** What stands in the path, by name. */
  readonly path?: Readonly<Record<string, Schema>>;
  /** What may stand in the query, by name, with what it is for; nothing else may, where anything is named. */
  readonly query?: Readonly<Record<string, string>>;
  /** Headers that the route itself looks at, with what they are for. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of the request: media types with what is in them. */
  readonly body?: Readonly<Record<string, Schema>>;
  /** The answers of the route itself, by status; what any route may answer is added, see `document.ts`. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
}

/** An answer: what it means, and its media types with what is in them; none for an answer without a body. */
export interface AnswerDescription {
  readonly description: string;
  /** Headers that it always has and that clients look at, with what is in them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Readonly<Record<string, Schema>>;
}

/** The schema of that name in `jsonSchemas()` of `@warg/protocol/api/schemas`. */
export function named(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** An answer, or the body of a request, in JSON. */
export function json(schema: Schema): Readonly<Record<string, Schema>> {
  return { [contentTypes.json]: schema };
}

/** Bytes of a media type, which JSON Schema says nothing of. */
export function bytes(type: string): Readonly<Record<string, Schema>> {
  return { [type]: {} };
}

/** Hashes as they stand in paths. */
export const hash: Schema = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' };

/** Decimal numbers below 2^64, as a regular expression: any of up to 19 digits, or of 20 that are not above the largest. */
export const u64Pattern: string = (() => {
  const largest = String(2n ** 64n - 1n);
  const lower = [...largest].flatMap((digit, at) =>
    at === 0 || digit === '0'
      ? []
      : [`${largest.slice(0, at)}[0-${Number(digit) - 1}][0-9]{${largest.length - at - 1}}`],
  );
  return `(0|[1-9][0-9]{0,18}|${lower.join('|')}|${largest})`;
})();
