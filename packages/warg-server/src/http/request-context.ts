/**
 * What a host knows about a request beyond the `Request` itself. All of it is optional, so that a fetch-style host needs
 * to pass nothing.
 */
export interface RequestContext {
  /** The address the request came from, for limits per address. */
  readonly remoteAddress?: string;
  /** Scheme and host under which the client reached the host, where the request's URL says something else: `https://a.example`. */
  readonly origin?: string;
  /**
   * The request's body, where the host has a better source than `request.body`: one that may be left half read without
   * breaking the connection before the answer is written.
   */
  readonly body?: AsyncIterable<Uint8Array>;
  /** The whole of the body, at most 64 KiB, where the host has it already. */
  readonly bytes?: Uint8Array;
}
