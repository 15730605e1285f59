import { contentTypes } from '@warg/protocol/api';

/** An answer with a JSON text as body. Its type carries no charset: the Rust client compares it whole. */
export function jsonAnswer(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: { 'content-type': contentTypes.json, 'cache-control': 'no-store', ...headers },
  });
}

/** What is said of a path that leads nowhere. */
export const notFoundMessage = 'the requested resource was not found';

/** The body of an error that has no more to say than a text. */
export function messageBody(status: number, message: string): string {
  return JSON.stringify({ status, message });
}
