import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is done with a body that nobody wanted to read to its end. */
export interface DrainLimits {
  /** Most bytes that are read and thrown away after the answer. Default 1 MiB. */
  readonly drainBytes: number;
  /** Most milliseconds that this takes. Default 5 s. */
  readonly drainTime: number;
}

export const defaultDrainLimits: DrainLimits = { drainBytes: 1024 * 1024, drainTime: 5000 };

/** How long a half-closed connection stays, in ms, so that the answer is not lost in the reset that follows. */
export const lingerTime = 1000;

/**
 * Reads the rest of a request's body once its answer is written: a little of it, so that most clients get to see the
 * answer and keep their connection; then the connection is closed.
 *
 * Node by itself would read such a body to its end, whatever its size; or, where the connection is to be closed anyway,
 * close it at once, which resets it and may take the answer away from a client that is still sending.
 */
export function drainAfterAnswer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limits: DrainLimits,
): void {
  if (!hasBody(incoming)) return;
  // Marks the body as somebody's business: Node throws away whole the bodies that were never touched.
  incoming.read(0);
  // Node decides on the connection between these two listeners. Its decision to close it is noted, and carried out later.
  let isToClose = false;
  outgoing.prependOnceListener('finish', () => {
    if (isUnread(incoming)) {
      incoming.socket.destroySoon = () => {
        isToClose = true;
      };
    }
  });
  outgoing.once('finish', () => {
    Reflect.deleteProperty(incoming.socket, 'destroySoon');
    if (isUnread(incoming)) drain(incoming, limits, isToClose);
  });
}

/** Has the answer say that the connection will be closed, where there is more left to read than would be drained. */
export function announceClose(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limits: DrainLimits,
): void {
  if (!hasBody(incoming) || incoming.complete) return;
  const length = incoming.headers['content-length'];
  if (length === undefined || Number(length) > limits.drainBytes) outgoing.shouldKeepAlive = false;
}

function isUnread(incoming: IncomingMessage): boolean {
  return !incoming.readableEnded && !incoming.destroyed;
}

function drain(incoming: IncomingMessage, limits: DrainLimits, isToClose: boolean): void {
  const { socket } = incoming;
  let drained = 0;
  const stop = (): void => {
    clearTimeout(timer);
    incoming.off('data', onData).off('end', onEnd).off('close', stop);
  };
  const onEnd = (): void => {
    stop();
    if (isToClose) socket.destroySoon();
  };
  const giveUp = (): void => {
    stop();
    incoming.pause();
    socket.end();
    setTimeout(() => socket.destroy(), lingerTime).unref();
  };
  const onData = (chunk: Buffer): void => {
    drained += chunk.byteLength;
    if (drained > limits.drainBytes) giveUp();
  };
  const timer = setTimeout(giveUp, limits.drainTime);
  incoming.on('data', onData).once('end', onEnd).once('close', stop);
  incoming.resume();
}

function hasBody(incoming: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = incoming.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}
