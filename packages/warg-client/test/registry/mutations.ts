// Ways to falsify an answer: every member and element of its JSON, one at a time, and the answer as a whole.

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** One falsified answer. */
export interface Mutation {
  readonly name: string;
  readonly body: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly status?: number;
  readonly contentType?: string;
}

/** All falsifications of a JSON answer that this file knows. */
export function* mutationsOf(text: string): Generator<Mutation> {
  yield* wholeMutations(text);
  const value = JSON.parse(text) as Json;
  for (const { path, change } of changes(value, [])) {
    const body = JSON.stringify(change);
    if (body !== JSON.stringify(value)) yield { name: path, body };
  }
}

function* wholeMutations(text: string): Generator<Mutation> {
  yield { name: 'empty', body: '' };
  yield { name: 'null', body: 'null' };
  yield { name: 'array', body: '[]' };
  yield { name: 'object', body: '{}' };
  yield { name: 'half', body: text.slice(0, text.length / 2) };
  yield { name: 'twice', body: text + text };
  yield { name: 'no UTF-8', body: Uint8Array.from([0x22, 0xff, 0xfe, 0x22]) };
  yield { name: 'deep', body: '['.repeat(100_000) };
  yield { name: 'a page', body: '<html>hello</html>', contentType: 'text/html' };
  yield { name: 'right, but called text', body: text, contentType: 'text/plain' };
  for (const status of [204, 302, 304, 400, 401, 403, 404, 409, 410, 422, 500, 501]) {
    yield { name: `status ${status}`, body: status === 204 || status === 304 ? '' : text, status };
  }
  yield { name: 'an error as 200', body: '{"status":404,"type":"log","id":"x"}' };
  yield { name: 'endless', body: endless(' ') };
  yield { name: 'endless text', body: endless('a', '{"contents":"') };
}

function endless(letter: string, start = ''): ReadableStream<Uint8Array> {
  const chunk = new TextEncoder().encode(letter.repeat(1 << 20));
  let first = true;
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(first ? new TextEncoder().encode(start) : chunk);
        first = false;
      },
    },
    { highWaterMark: 0 },
  );
}

function* changes(value: Json, path: readonly string[]): Generator<{ path: string; change: Json }> {
  const here = path.join('.') || '(all)';
  for (const [what, change] of replacements(value)) yield { path: `${here}: ${what}`, change };
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const others = (replaced: Json[]) => [...value.slice(0, index), ...replaced, ...value.slice(index + 1)];
      yield { path: `${here}.${index}: dropped`, change: others([]) };
      yield { path: `${here}.${index}: doubled`, change: others([element, element]) };
      for (const inner of changes(element, [...path, String(index)])) {
        yield { path: inner.path, change: others([inner.change]) };
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const { [name]: _, ...others } = value;
      yield { path: `${here}.${name}: dropped`, change: others };
      yield { path: `${here}.${name}: renamed`, change: { ...others, [`${name}x`]: member } };
      yield {
        path: `${here}.${name}: under a false name`,
        change: { ...others, [falsified(name, 0)]: member },
      };
      for (const inner of changes(member, [...path, name])) {
        yield { path: inner.path, change: { ...others, [name]: inner.change } };
      }
    }
  }
}

function* replacements(value: Json): Generator<readonly [string, Json]> {
  yield ['null', null];
  yield ['a number', 7];
  yield ['a text', 'text'];
  yield ['an empty array', []];
  yield ['an empty object', {}];
  switch (typeof value) {
    case 'number':
      for (const other of [
        value + 1,
        value - 1,
        value * 2,
        -value,
        value + 0.5,
        0,
        2 ** 31,
        2 ** 32 + value,
        2 ** 53,
        1e300,
      ]) {
        yield [`${other}`, other];
      }
      break;
    case 'boolean':
      yield ['flipped', !value];
      break;
    case 'string':
      yield ['emptied', ''];
      yield ['shortened', value.slice(0, -1)];
      yield ['lengthened', `${value}A`];
      yield ['doubled', value + value];
      yield ['in capitals', value.toUpperCase()];
      yield ['very long', 'A'.repeat(3_000_000)];
      // Everywhere in a short text, here and there in a long one.
      for (let at = 0; at < value.length; at += Math.ceil(value.length / 40)) {
        yield [`letter ${at}`, falsified(value, at)];
      }
      if (/^[A-Za-z0-9+/]{40,}=*$/.test(value)) yield* byteChanges(value);
      break;
    default:
      if (Array.isArray(value) && value.length > 1) yield ['reversed', [...value].reverse()];
  }
}

/** Bytes of a proof or a record: each with a bit flipped, and some left out, doubled or exchanged. */
function* byteChanges(base64: string): Generator<readonly [string, Json]> {
  const bytes = Buffer.from(base64, 'base64');
  for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 300)) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1 << (at % 8);
    yield [`bit of byte ${at}`, flipped.toString('base64')];
  }
  for (let at = 0; at + 68 <= bytes.length; at += 34) {
    const [before, one, two, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + 34),
      bytes.subarray(at + 34, at + 68),
      bytes.subarray(at + 68),
    ];
    yield [`bytes ${at} left out`, Buffer.concat([before, two, after]).toString('base64')];
    yield [`bytes ${at} doubled`, Buffer.concat([before, one, one, two, after]).toString('base64')];
    yield [`bytes ${at} exchanged`, Buffer.concat([before, two, one, after]).toString('base64')];
  }
}

/** One letter replaced by another that may stand in hex and in base64. */
function falsified(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`;
}

/** The answer that a mutation makes. */
export function answerOf(mutation: Mutation): Response {
  const status = mutation.status ?? 200;
  const hasBody = status !== 204 && status !== 304;
  return new Response(hasBody ? (mutation.body as string) : null, {
    status,
    headers: { 'content-type': mutation.contentType ?? 'application/json' },
  });
}
