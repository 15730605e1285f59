import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections that wait with less than this are left alone: there is nothing to be had from them. */
const SMALL = 64 * 1024;

/**
 * Keeps answers that nobody reads from filling the memory: if all that waits to be sent is more than `limit` bytes, the
 * connections that have waited longest with a large answer are broken off, as many as are needed.
 *
 * @param underWay the answers that are not sent yet, oldest first
 */
export function dropUnread(underWay: Iterable<ServerResponse>, limit: number): void {
  let total = 0;
  for (const outgoing of underWay) total += outgoing.writableLength;
  if (total <= limit) return;
  const waiting = new Map<Socket, number>();
  for (const outgoing of underWay) {
    const { socket } = outgoing.req;
    waiting.set(socket, (waiting.get(socket) ?? 0) + outgoing.writableLength);
  }
  for (const [socket, bytes] of waiting) {
    if (total <= limit) return;
    if (bytes <= SMALL) continue;
    socket.destroy();
    total -= bytes;
  }
}
