import { digestOf, encodeUtf8 } from '@warg/crypto';
import { expect, it } from 'vitest';
import { seenContents } from './seen-contents.ts';

const a = digestOf(encodeUtf8('a'));

it('asks once a minute for what is there, and each time for what is not', async () => {
  const asked: string[] = [];
  let time = 0;
  let isStored = false;
  const isThere = seenContents(
    async (digest) => {
      asked.push(digest);
      return isStored;
    },
    () => time,
  );
  expect(await isThere(a)).toBe(false);
  expect(await isThere(a)).toBe(false);
  expect(asked.length).toBe(2);
  isStored = true;
  expect(await isThere(a)).toBe(true);
  isStored = false;
  time = 59_999;
  expect(await isThere(a)).toBe(true);
  expect(asked.length).toBe(3);
  time = 60_001;
  expect(await isThere(a)).toBe(false);
  expect(asked.length).toBe(4);
});

it('remembers a bounded number of them', async () => {
  let asked = 0;
  const isThere = seenContents(async () => {
    asked++;
    return true;
  });
  for (let i = 0; i <= 4096; i++) await isThere(digestOf(encodeUtf8(String(i))));
  await isThere(digestOf(encodeUtf8('0')));
  expect(asked).toBe(4098);
});
