import { contentTypes } from '@warg/protocol/api';

/** What a route answers, before it takes the form that its host wants. */
export interface HttpAnswer {
  readonly status: number;
  /** By names in lower case. They are this answer's own: what is said with every answer is added to them. */
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | null;
}

/** An answer with a JSON text as body. Its type carries no charset: the Rust client compares it whole. */
export function jsonAnswer(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    headers: { 'content-type': contentTypes.json, 'cache-control': 'no-store', ...headers },
    body,
  };
}

/** An answer without a body. */
export function emptyAnswer(status: number, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...headers }, body: null };
}

/** The answer as fetch-style hosts want it. */
export function toResponse({ status, headers, body }: HttpAnswer): Response {
  return new Response(body as ConstructorParameters<typeof Response>[0], { status, headers });
}

/** What is said of a path that leads nowhere. */
export const notFoundMessage = 'the requested resource was not found';

/** The body of an error that has no more to say than a text. */
export function messageBody(status: number, message: string): string {
  return JSON.stringify({ status, message });
}
