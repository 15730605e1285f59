import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections that wait with less than this are left alone: there is nothing to be had from them. */
const SMALL = 64 * 1024;

/** How long nobody looks through the answers again, in ms for each of them: looking takes a small part of the time. */
const REST = 0.001;

/** An answer that is not sent yet, with its neighbours among all of them, and among those of its connection. */
export interface UnderWay {
  readonly outgoing: ServerResponse;
  readonly own: Queue;
  older: UnderWay | undefined;
  newer: UnderWay | undefined;
  ownOlder: UnderWay | undefined;
  ownNewer: UnderWay | undefined;
}

/** The answers of one connection. */
interface Queue {
  first: UnderWay | undefined;
  last: UnderWay | undefined;
}

/**
 * The answers that are not sent yet. One connection may have a thousand of them: it may ask without waiting for answers.
 *
 * Keeps those that nobody reads from filling the memory: if all that waits to be sent is more than `limit` bytes, the
 * connections that have waited longest with a large answer are broken off, as many as are needed.
 *
 * They stand in lists and not in a `Set`: its table is made anew every few answers, and where an old one has become old
 * garbage it keeps all that it held, with their requests, until there is a large collection: a fifth of a request's time.
 */
export class AnswersUnderWay implements Iterable<ServerResponse> {
  readonly #limit: number;
  readonly #now: () => number;
  #oldest: UnderWay | undefined;
  #newest: UnderWay | undefined;
  #count = 0;
  /** An entry is made once for a connection, and goes with it. */
  readonly #bySocket = new WeakMap<Socket, Queue>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** What came to wait since then, as far as it is known. */
  #added = 0;

  /** @param now ms, of any clock that only goes on */
  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /** @returns what {@link delete} wants */
  add(outgoing: ServerResponse): UnderWay {
    const { socket } = outgoing.req;
    let own = this.#bySocket.get(socket);
    if (own === undefined) {
      own = { first: undefined, last: undefined };
      this.#bySocket.set(socket, own);
    }
    const [older, ownOlder] = [this.#newest, own.last];
    const entry: UnderWay = { outgoing, own, older, newer: undefined, ownOlder, ownNewer: undefined };
    if (older === undefined) this.#oldest = entry;
    else older.newer = entry;
    if (ownOlder === undefined) own.first = entry;
    else ownOlder.ownNewer = entry;
    this.#newest = entry;
    own.last = entry;
    this.#count += 1;
    return entry;
  }

  /** Told once when an answer was sent, or will never be. */
  delete(entry: UnderWay): void {
    const { own, older, newer, ownOlder, ownNewer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (ownOlder === undefined) own.first = ownNewer;
    else ownOlder.ownNewer = ownNewer;
    if (ownNewer === undefined) own.last = ownOlder;
    else ownNewer.ownOlder = ownOlder;
    // What is gone holds nothing of what is still there.
    entry.older = undefined;
    entry.newer = undefined;
    entry.ownOlder = undefined;
    entry.ownNewer = undefined;
    this.#count -= 1;
  }

  /** The answer that a connection is sent now, or next. */
  first(socket: Socket): ServerResponse | undefined {
    return this.#bySocket.get(socket)?.first?.outgoing;
  }

  /** Oldest first. None may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<ServerResponse, void, undefined> {
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) yield entry.outgoing;
  }

  /**
   * Breaks off connections if too much waits. Where many answers wait they are not all looked at each time.
   *
   * @param bytes what has come to wait by an answer, where that is known
   */
  dropUnread(bytes = 0): void {
    this.#added += bytes;
    const now = this.#now();
    const isEarly = now - this.#lookedAt < REST * this.#count;
    if (isEarly && this.#added < this.#limit / 16) return;
    let total = 0;
    for (const outgoing of this) total += outgoing.writableLength;
    if (total > this.#limit) this.#drop(total);
    this.#lookedAt = now;
    this.#added = 0;
  }

  #drop(bytes: number): void {
    let total = bytes;
    const waiting = new Map<Socket, number>();
    for (const outgoing of this) {
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
