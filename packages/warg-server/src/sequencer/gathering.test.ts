import { expect, it } from 'vitest';
import { Gathering } from './gathering.ts';

it('waits until there are enough, or the first has waited long enough', () => {
  let now = 1000;
  const gathering = new Gathering(() => now);
  // What somebody else left to be sequenced does not wait.
  expect(gathering.goesOn()).toBe(false);
  gathering.add(0);
  expect(gathering.goesOn()).toBe(false);
  gathering.add(1);
  expect(gathering.goesOn()).toBe(true);
  gathering.add(255);
  expect(gathering.goesOn()).toBe(false);
  gathering.end();
  expect(gathering.goesOn()).toBe(false);

  gathering.add(10);
  now += 49;
  gathering.add(10);
  expect(gathering.goesOn()).toBe(true);
  now += 1;
  expect(gathering.goesOn()).toBe(false);
});
