import { digestOf, encodeUtf8 } from '@warg/crypto';
import { expect, it } from 'vitest';
import { memoryStorage } from './memory.ts';
import { storageSuite } from './storage-suite.ts';

storageSuite('memory storage', async () => memoryStorage());

it('drops the content used longest ago when there is too much', async () => {
  const { content } = memoryStorage({ contentBytes: 10 });
  const put = async (text: string) => {
    const sink = await content.open();
    await sink.write(encodeUtf8(text));
    await sink.commit(digestOf(encodeUtf8(text)));
    return digestOf(encodeUtf8(text));
  };
  const first = await put('aaaaa');
  const second = await put('bbbbb');
  await content.get(first);
  const third = await put('ccccc');
  expect(await content.get(second)).toBeUndefined();
  expect(await content.get(first)).toBeDefined();
  expect(await content.get(third)).toBeDefined();
});
