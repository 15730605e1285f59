import { lookup } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { SourceRefusedError } from '../sources/allowed-hosts.ts';
import { guardedRequest } from '../sources/guarded-request.ts';
import { ImportError } from './errors.ts';
import { mayLead, type Reach, reachOfAddress, reachOfHost } from './reach.ts';

/**
 * The places that another registry names besides itself, in its answers and by redirects: where its contents are, such as a bucket.
 * It must not make us knock where it cannot knock itself. So none of them is nearer to us than the registry, at no address that
 * their names have at that moment, and an https registry leads to https alone.
 */
export class Neighbourhood {
  readonly #base: URL;
  readonly #reachOf: (hostname: string) => Promise<Reach>;
  readonly #agents = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true }),
  };
  #reach: Promise<Reach> | undefined;

  /** @param base where the registry is that names them */
  constructor(base: URL, reachOf: (hostname: string) => Promise<Reach> = reachOfHost) {
    this.#base = base;
    this.#reachOf = reachOf;
  }

  /**
   * Asks for what is at one of these places. Redirects are not followed.
   *
   * @param idle most milliseconds until the head of the answer is there
   * @throws ImportError `IMPORT_ANSWER_INVALID` for a place that is not asked; or the network's error
   */
  async get(url: URL, idle: number, signal: AbortSignal): Promise<Response> {
    const named = `${this.#base.href} names ${url.origin}`;
    if (url.protocol === 'http:' && this.#base.protocol !== 'http:') {
      throw new ImportError('IMPORT_ANSWER_INVALID', `expected an https URL of an https registry: ${named}`);
    }
    this.#reach ??= this.#reachOf(this.#base.hostname);
    const reach = await this.#reach;
    const stuck = new AbortController();
    const giveUp = () => stuck.abort(new DOMException(`nothing moved for ${idle} ms`, 'TimeoutError'));
    const timer = setTimeout(giveUp, idle);
    try {
      const guard = {
        isAddressAllowed: (address: string) => mayLead(reach, reachOfAddress(address)),
        notAllowed: 'nearer to this machine than the registry itself, or of no registry',
        lookup: lookup as LookupFunction,
        agent: this.#agents[url.protocol as 'http:' | 'https:'],
        // The bytes as they are stored: a recoded content would have another digest and size.
        headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'warg-server' },
      };
      const message = await guardedRequest(url, guard, AbortSignal.any([stuck.signal, signal]));
      const { statusCode = 0, headers } = message;
      const isEmpty = [204, 205, 304].includes(statusCode);
      if (isEmpty) message.resume();
      return new Response(isEmpty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>), {
        status: statusCode,
        headers: Object.entries(headers).flatMap(([name, value]) =>
          typeof value === 'string' ? [[name, value] as [string, string]] : [],
        ),
      });
    } catch (error) {
      if (stuck.signal.aborted) throw stuck.signal.reason;
      if (!(error instanceof SourceRefusedError)) throw error;
      throw new ImportError('IMPORT_ANSWER_INVALID', `${named}: ${error.message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
