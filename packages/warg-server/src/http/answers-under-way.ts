import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections that wait with less than this are left alone: there is nothing to be had from them. */
const SMALL = 64 * 1024;

/** How long nobody looks through the answers again, in ms for each of them: looking takes a small part of the time. */
const REST = 0.001;

/**
 * The answers that are not sent yet. One connection may have a thousand of them: it may ask without waiting for answers.
 *
 * Keeps those that nobody reads from filling the memory: if all that waits to be sent is more than `limit` bytes, the
 * connections that have waited longest with a large answer are broken off, as many as are needed.
 */
export class AnswersUnderWay implements Iterable<ServerResponse> {
  readonly #limit: number;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #all = new Set<ServerResponse>();
  readonly #bySocket = new Map<Socket, Set<ServerResponse>>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** What came to wait since then, as far as it is known. */
  #added = 0;

  /** @param now ms, of any clock that only goes on */
  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  add(outgoing: ServerResponse): void {
    const { socket } = outgoing.req;
    this.#all.add(outgoing);
    const own = this.#bySocket.get(socket);
    if (own === undefined) this.#bySocket.set(socket, new Set([outgoing]));
    else own.add(outgoing);
  }

  /** Told when an answer was sent, or will never be. */
  delete(outgoing: ServerResponse): void {
    const { socket } = outgoing.req;
    this.#all.delete(outgoing);
    const own = this.#bySocket.get(socket);
    own?.delete(outgoing);
    if (own?.size === 0) this.#bySocket.delete(socket);
  }

  /** The answer that a connection is sent now, or next. */
  first(socket: Socket): ServerResponse | undefined {
    return this.#bySocket.get(socket)?.values().next().value;
  }

  [Symbol.iterator](): IterableIterator<ServerResponse> {
    return this.#all.values();
  }

  /**
   * Breaks off connections if too much waits. Where many answers wait they are not all looked at each time.
   *
   * @param bytes what has come to wait by an answer, where that is known
   */
  dropUnread(bytes = 0): void {
    this.#added += bytes;
    const now = this.#now();
    const isEarly = now - this.#lookedAt < REST * this.#all.size;
    if (isEarly && this.#added < this.#limit / 16) return;
    let total = 0;
    for (const outgoing of this.#all) total += outgoing.writableLength;
    if (total > this.#limit) this.#drop(total);
    this.#lookedAt = now;
    this.#added = 0;
  }

  #drop(bytes: number): void {
    let total = bytes;
    const waiting = new Map<Socket, number>();
    for (const outgoing of this.#all) {
      const { socket } = outgoing.req;
      waiting.set(socket, (waiting.get(socket) ?? 0) + outgoing.writableLength);
    }
    for (const [socket, own] of waiting) {
      if (total <= this.#limit) return;
      if (own <= SMALL) continue;
      socket.destroy();
      total -= own;
    }
  }
}
