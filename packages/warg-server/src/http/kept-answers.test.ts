import { encodeUtf8 } from '@warg/crypto';
import { paths } from '@warg/protocol/api';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testPackage } from '../../test/publisher.ts';
import { openRegistry } from '../../test/registry-caller.ts';
import { KeptAnswers } from './kept-answers.ts';

describe('KeptAnswers', () => {
  it('gives what was kept for the same bytes, or nothing, and stays within its size', () => {
    const question = fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(question, fc.boolean()), { maxLength: 200 }), (asked) => {
        const kept = new KeptAnswers(8000);
        for (const [bytes, keeps] of asked) {
          // As it is always the same, it can be told from the question.
          const text = `${bytes} `.repeat(100);
          expect([undefined, text]).toContain(kept.get(bytes));
          if (keeps) {
            kept.keep(bytes, text);
            expect(kept.get(bytes)).toBe(text);
          }
          expect(kept.bytes).toBeLessThanOrEqual(8000);
        }
      }),
    );
  });

  it('tells all bytes apart, and keeps nothing that is long', () => {
    const kept = new KeptAnswers(1e6);
    for (let byte = 0; byte < 256; byte++) kept.keep(Uint8Array.of(byte), `${byte}`);
    for (let byte = 0; byte < 256; byte++) expect(kept.get(Uint8Array.of(byte))).toBe(`${byte}`);
    const [long, short] = [new Uint8Array(1025), encodeUtf8('short')];
    kept.keep(long, 'answer');
    kept.keep(short, 'a'.repeat(65_537));
    expect([kept.get(long), kept.get(short)]).toEqual([undefined, undefined]);
  });
});

it('answers as before whoever asks again, and anew who asks for more', async () => {
  const { call, close } = await openRegistry();
  const pkg = testPackage('test:hello');
  await call.settle(pkg.init());
  const other = testPackage('test:other');
  const ask = async (length: number) => [
    await call.post(paths.fetchLogs(), { logLength: length, packages: { [pkg.logId]: null } }),
    await call.post(paths.fetchLogs(), { logLength: length, packages: { [other.logId]: null } }),
    await call.post(paths.proveConsistency(), { from: 1, to: length }),
  ];
  const seen = (answers: Awaited<ReturnType<typeof ask>>) =>
    answers.map(({ status, text }) => [status, text]);
  const [first, tooEarly] = [seen(await ask(2)), seen(await ask(3))];
  expect(first.map(([status]) => status)).toEqual([200, 404, 200]);
  expect(tooEarly.map(([status]) => status)).toEqual([404, 404, 404]);
  expect(seen(await ask(2))).toEqual(first);
  await call.settle(other.init());
  // What was refused may be right by now; what was answered is as it was.
  expect(seen(await ask(3)).map(([status]) => status)).toEqual([200, 200, 200]);
  expect(seen(await ask(2))).toEqual(first);
  await close();
});
