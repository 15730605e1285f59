import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { AnswersUnderWay } from './answers-under-way.ts';

/** Answers that wait with so many bytes each, as far as they are looked at here. */
function waiting() {
  const seen = { looks: 0, destroyed: 0 };
  const connection = (): Socket =>
    ({
      destroy: () => {
        seen.destroyed += 1;
      },
    }) as unknown as Socket;
  const answer = (socket: Socket, bytes: number): ServerResponse =>
    ({
      req: { socket },
      get writableLength() {
        seen.looks += 1;
        return bytes;
      },
    }) as unknown as ServerResponse;
  return { seen, connection, answer };
}

it('does not look at very many answers each time that one more waits', () => {
  const { seen, connection, answer } = waiting();
  let now = 0;
  const underWay = new AnswersUnderWay(1e9, () => now);
  const most = 20_000;
  const socket = connection();
  for (let i = 0; i < most; i++) {
    now += 0.01;
    underWay.add(answer(socket, 100));
    underWay.dropUnread(100);
  }
  // Each of them once for each would be 200 millions.
  expect(seen.looks).toBeLessThan(2e6);
  expect(underWay.first(socket)).toBeDefined();
  for (const outgoing of [...underWay]) underWay.delete(outgoing);
  expect(underWay.first(socket)).toBeUndefined();
});

it('looks at once when much was added, and drops who has waited longest', () => {
  const { seen, connection, answer } = waiting();
  const underWay = new AnswersUnderWay(1e6, () => 0);
  const sockets = Array.from({ length: 20 }, connection);
  for (const socket of sockets) {
    underWay.add(answer(socket, 100_000));
    underWay.dropUnread(100_000);
  }
  expect(seen.destroyed).toBeGreaterThanOrEqual(10);
});
