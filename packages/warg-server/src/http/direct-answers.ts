import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAnswer } from './answers.ts';
import type { DirectDoor, DirectEndpoint } from './direct-door.ts';

/** The largest body that goes the short way: what each body may take whatever others do, see `BodyMemory`. */
export const SHORT_BODY = 64 * 1024;

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const HOST = `(?:[a-z0-9_-]+\\.)*[a-z_-][a-z0-9_-]*|(?:${OCTET}\\.){3}${OCTET}`;
/**
 * A host whose URL is what it looks like. What is written in another way goes the long way, where it is read as a URL; so
 * does what ends in a number, which must be an address there, and what is in Punycode.
 */
const PLAIN_HOST = new RegExp(`^(?!.*xn--)(?:${HOST})(?::(?:[1-5]\\d{3,4}|[6-9]\\d{3}))?$`);

/** Whether host and path of a request make a URL, so that whoever reads it finds one. @param url what they make */
export function hasUrl({ headers: { host }, url: target }: IncomingMessage, url: string): boolean {
  return (host !== undefined && PLAIN_HOST.test(host) && target?.[0] === '/') || URL.canParse(url);
}

/** A request that Node's server has taken. */
export interface Arrival {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Takes the request when it cannot go the short way; nothing of it has been touched then. */
  readonly goLongWay: () => void;
  /** Told when an answer was given that could not be sent at once, and how many bytes of it wait. */
  readonly onUnread: (bytes: number) => void;
}

/**
 * Answers a request by the short way, if it can go it: it is for one of the endpoints that have one, says nothing unusual,
 * and its body is small and has come with it.
 */
export function answerDirectly(door: DirectDoor, arrival: Arrival): void {
  const { incoming, goLongWay } = arrival;
  const endpoint = isPlain(incoming) ? door.find(incoming.method!, incoming.url!) : undefined;
  if (endpoint?.hasBody === false && incoming.headers['content-length'] === undefined) {
    void answer(arrival, endpoint, undefined);
  } else if (endpoint?.hasBody === true && isShort(incoming.headers['content-length'])) {
    // By then everything that has come at once has been read. Who sends a body later is waited for on the long way.
    setImmediate(() => {
      const bytes: Buffer | null = incoming.complete ? incoming.read() : null;
      if (bytes === null) goLongWay();
      else void answer(arrival, endpoint, bytes);
    });
  } else goLongWay();
}

/** Never rejects. */
async function answer(
  { incoming, outgoing, onUnread }: Arrival,
  endpoint: DirectEndpoint,
  bytes: Uint8Array | undefined,
): Promise<void> {
  const { method, url, headers, socket } = incoming;
  const { remoteAddress } = socket;
  const context = {
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    ...(bytes === undefined ? {} : { bytes }),
  };
  try {
    const request = { method: method!, target: url!, host: headers.host!, headers };
    write(outgoing, await endpoint.answer(request, context));
    const waiting = outgoing.writableLength;
    if (waiting > 0) onUnread(waiting);
  } catch (error) {
    outgoing.destroy(error as Error);
  }
}

/** Whether a request says what it wants in the usual way. */
function isPlain({ headers, rawHeaders, httpVersionMinor, httpVersionMajor }: IncomingMessage): boolean {
  if (httpVersionMajor !== 1 || httpVersionMinor !== 1) return false;
  if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return false;
  if (headers.host === undefined || !PLAIN_HOST.test(headers.host)) return false;
  // Where a header came twice Node and `Headers` do not make the same of it.
  let names = 0;
  for (const _ in headers) names += 1;
  return 2 * names === rawHeaders.length;
}

function isShort(length: string | undefined): boolean {
  return length !== undefined && /^[1-9]\d{0,4}$/.test(length) && Number(length) <= SHORT_BODY;
}

/** Characters. */
const LONG_TEXT = 4096;

function write(outgoing: ServerResponse, { status, headers, body }: HttpAnswer): void {
  const lines: string[] = [];
  for (const name in headers) lines.push(name, headers[name]!);
  if (body === null) {
    outgoing.writeHead(status, lines).end();
  } else if (body instanceof ReadableStream) {
    throw new TypeError('a direct answer is no stream');
  } else {
    const length = Buffer.byteLength(body);
    lines.push('content-length', String(length));
    outgoing.writeHead(status, lines);
    if (typeof body !== 'string') outgoing.end(body);
    // As many bytes as characters are ASCII, which needs no encoding, and whose bytes Node makes where they are sent from.
    else if (length === body.length) outgoing.end(body, 'latin1');
    // Node has three bytes ready for each character that it writes: for a long text it is less to make its bytes here.
    else outgoing.end(body.length > LONG_TEXT ? Buffer.from(body) : body, 'utf8');
  }
}
