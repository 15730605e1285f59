import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import type { Answer, AnswerBody, Exchange, Question } from '../http/exchange.ts';

/**
 * Asks by `node:http` and `node:https`, with their global agents and so with what those are told of proxies. Node's own
 * `fetch` takes some 40 ms until it is there, and several times the CPU for a question.
 *
 * @example
 * const client = await WargClient.open({ registry: 'registry.example', storage: fileStorage('.warg'), exchange: nodeExchange() });
 */
export function nodeExchange(): Exchange {
  return {
    handles: (url) => url.username === '' && url.password === '' && !isForbiddenPort(url.port),
    ask,
  };
}

// What fetch refuses (Fetch standard, "bad port") of those from 1024 on; of those below it may have all but its own two.
const forbiddenPorts = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/** An answer must not make us speak to what is no web server: `fetch` has the list of such ports, and refuses them. */
function isForbiddenPort(text: string): boolean {
  const port = Number(text);
  if (text === '' || port === 80 || port === 443) return false;
  return port < 1024 || forbiddenPorts.has(port);
}

async function ask({ method, url, headers, body, signal }: Question): Promise<Answer> {
  signal.throwIfAborted();
  // Each is loaded when it is needed: a registry on this machine needs no TLS. Not imported, for an import evaluates all
  // exports, and one of `node:http` is the WebSocket of what `fetch` is made of.
  const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, {
      method,
      headers: { accept: '*/*', 'accept-encoding': 'gzip, deflate, br', ...headers },
    });
    const stop = () => fail(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    const settled = () => signal.removeEventListener('abort', stop);
    const fail = (error: Error) => {
      settled();
      outgoing.destroy();
      reject(error);
    };
    outgoing.on('error', fail);
    // Nobody asked for another protocol. Node tells it by this event alone, and by no error if nobody hears it.
    outgoing.on('upgrade', () => fail(new Error('the answer changes the protocol')));
    const closed = () => fail(new Error('the connection ended without an answer'));
    outgoing.on('close', closed);
    outgoing.on('response', (found) => {
      settled();
      outgoing.off('close', closed);
      resolve(found);
    });
    outgoing.end(body);
  });
  const status = message.statusCode ?? 0;
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name) => headerOf(message, name.toLowerCase()) },
    body: bodyOf(message, await decoded(message)),
  };
}

/** Lets what is left of a message go by. */
async function ended(message: IncomingMessage): Promise<void> {
  if (message.readableEnded || message.destroyed) return;
  await new Promise<void>((resolve) => {
    message
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    message.resume();
  });
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? null);
}

async function decoded(message: IncomingMessage): Promise<Readable> {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || !['gzip', 'x-gzip', 'deflate', 'br'].includes(encoding)) return message;
  const { createBrotliDecompress, createGunzip, createInflate } = await import('node:zlib');
  const decoder =
    encoding === 'br' ? createBrotliDecompress() : encoding === 'deflate' ? createInflate() : createGunzip();
  // What goes wrong is told to whoever reads.
  return pipeline(message, decoder, () => {});
}

function bodyOf(message: IncomingMessage, stream: Readable): AnswerBody {
  return {
    async cancel() {
      // What is here already costs nothing more, and leaves the connection to the next question: from its end on, and
      // a question that does not wait for that opens another one.
      if (message.complete && stream === message) await ended(message);
      else stream.destroy();
    },
    getReader() {
      // What is read by hand does not flow any more.
      const cancel = async () => {
        if (!stream.readableEnded) stream.destroy();
      };
      const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
      return {
        cancel,
        async read() {
          const { done, value } = await chunks.next();
          return done === true ? { done } : { done: false, value };
        },
      };
    },
  };
}
