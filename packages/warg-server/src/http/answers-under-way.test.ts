import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { AnswersUnderWay, type UnderWay } from './answers-under-way.ts';

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
  const entries = Array.from({ length: most }, () => {
    now += 0.01;
    const entry = underWay.add(answer(socket, 100));
    underWay.dropUnread(100);
    return entry;
  });
  // Each of them once for each would be 200 millions.
  expect(seen.looks).toBeLessThan(2e6);
  expect(underWay.first(socket)).toBeDefined();
  for (const entry of entries) underWay.delete(entry);
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

it('keeps the order in which answers came, of all and of each connection, whichever are sent first', () => {
  const { connection, answer } = waiting();
  const step = fc.oneof(fc.record({ add: fc.nat(3) }), fc.record({ delete: fc.nat() }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sockets = Array.from({ length: 4 }, connection);
      const underWay = new AnswersUnderWay(1e9, () => 0);
      // The plain twin: a list.
      const entries: UnderWay[] = [];
      for (const each of steps) {
        if ('add' in each) entries.push(underWay.add(answer(sockets[each.add]!, 1)));
        else if (entries.length > 0) underWay.delete(entries.splice(each.delete % entries.length, 1)[0]!);
        expect([...underWay]).toEqual(entries.map(({ outgoing }) => outgoing));
        for (const socket of sockets) {
          const first = entries.find(({ outgoing }) => outgoing.req.socket === socket);
          expect(underWay.first(socket)).toBe(first?.outgoing);
        }
      }
    }),
  );
});
