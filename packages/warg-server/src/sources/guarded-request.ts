import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { SourceRefusedError } from './allowed-hosts.ts';

/** How one request is made whose URL somebody else has named. */
export interface RequestGuard {
  /** Which addresses may be connected to. */
  readonly isAddressAllowed: (address: string) => boolean;
  /** What is said of others; such as `not public`. */
  readonly notAllowed: string;
  /** Asks for the addresses of a name. */
  readonly lookup: LookupFunction;
  /** Its connections must have been made under this very guard. */
  readonly agent: Agent | HttpsAgent;
  readonly headers: Readonly<Record<string, string>>;
  /** Certificate authorities, PEM. Default: those of Node. */
  readonly ca?: string | undefined;
}

/**
 * Asks for a URL that somebody else has named. No proxy is used. Every address is looked at before it is connected to: those that
 * the name has at that moment, so that a name cannot change what it stands for between the look and the connection.
 *
 * @param url http or https
 * @param signal ends it, the body of the answer included
 * @throws SourceRefusedError if no address is allowed; or the network's error
 */
export function guardedRequest(url: URL, guard: RequestGuard, signal: AbortSignal): Promise<IncomingMessage> {
  const { isAddressAllowed, notAllowed, lookup, agent, headers, ca } = guard;
  const refusal = () => new SourceRefusedError(`the source is at an address that is ${notAllowed}`);
  return new Promise((resolve, reject) => {
    // A name that is an address is not looked up.
    const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (/^[\d.]+$|:/.test(literal) && !isAddressAllowed(literal)) {
      reject(refusal());
      return;
    }
    const request = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const sent = request(url, {
      method: 'GET',
      agent,
      headers,
      lookup: allowedLookup(lookup, isAddressAllowed, notAllowed),
      signal,
      ...(ca === undefined ? {} : { ca }),
    });
    sent.on('socket', (socket: Socket) => {
      if (!socket.connecting) return;
      // Once more, at the connection itself; TLS has sent nothing of the request by then.
      socket.once('connect', () => {
        if (!isAddressAllowed(socket.remoteAddress ?? '')) sent.destroy(refusal());
      });
    });
    sent.on('response', resolve);
    sent.on('error', reject);
    // A change of protocol (101) that nobody asked for ends the connection with neither an answer nor an error.
    sent.on('close', () => reject(new SourceRefusedError('the source gives no answer')));
    sent.end();
  });
}

/** Looks names up, and hands on only what may be connected to. */
function allowedLookup(
  lookup: LookupFunction,
  isAddressAllowed: (address: string) => boolean,
  notAllowed: string,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, '');
        return;
      }
      const all = (Array.isArray(found) ? found : []).filter(({ address }) => isAddressAllowed(address));
      const [first] = all;
      if (first === undefined) {
        callback(new SourceRefusedError(`all addresses of the source are ${notAllowed}`), '');
      } else if (options.all === true) callback(null, all);
      else callback(null, first.address, first.family);
    });
  };
}
