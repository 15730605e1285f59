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
 * Node by itself would read such a body to its end, whatever its size.
 */
export function drainAfterAnswer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limits: DrainLimits,
): void {
  if (!hasBody(incoming)) return;
  // Marks the body as somebody's business: Node throws away whole the bodies that were never touched.
  incoming.read(0);
  outgoing.once('finish', () => {
    if (!incoming.readableEnded && !incoming.destroyed) drain(incoming, limits);
  });
}

function drain(incoming: IncomingMessage, limits: DrainLimits): void {
  const { socket } = incoming;
  let drained = 0;
  const stop = (): void => {
    clearTimeout(timer);
    incoming.off('data', onData).off('end', stop).off('close', stop);
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
  incoming.on('data', onData).once('end', stop).once('close', stop);
  incoming.resume();
}

function hasBody(incoming: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = incoming.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}
