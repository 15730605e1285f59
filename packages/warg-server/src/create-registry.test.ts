import { generatePrivateKey } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import type { ContentStore } from './content/content-store.ts';
import { memoryContentStore } from './content/memory-content.ts';
import { createRegistry } from './create-registry.ts';
import type { ContentPolicy } from './policy/content/content-policy.ts';

/** A content store and a policy that note when they are closed. */
function parts(closeContent: () => Promise<void> = async () => {}) {
  const closed: string[] = [];
  const content: ContentStore = {
    ...memoryContentStore(),
    close: () => {
      closed.push('content');
      return closeContent();
    },
  };
  const contentPolicy: ContentPolicy = {
    async check() {},
    async close() {
      closed.push('policy');
    },
  };
  return { closed, content, contentPolicy };
}

describe('createRegistry', () => {
  it.each([
    ['no operator key', {}],
    ['a URL that is none', { operatorKey: generatePrivateKey(), publicUrl: 'registry.example' }],
    [
      'what the store of contents cannot do',
      { operatorKey: generatePrivateKey(), contentRedirectSeconds: 60 },
    ],
  ])('closes what it was given when it refuses options: %s', async (_, options) => {
    const { closed, content, contentPolicy } = parts();
    const opening = createRegistry({ content, contentPolicy, ...options });
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(closed).toEqual(['policy', 'content']);
  });

  it('closes what it was given when the store of records cannot be opened', async () => {
    const { closed, content, contentPolicy } = parts();
    const operatorKey = generatePrivateKey();
    const store = { type: 'sqlite', file: '/dev/null/registry.sqlite' } as const;
    await expect(createRegistry({ operatorKey, content, contentPolicy, store })).rejects.toThrow();
    expect(closed).toEqual(['policy', 'content']);
  });

  it('says why contents cannot be kept, whatever else is wrong', async () => {
    const content = Promise.reject(new Error('no such bucket'));
    await expect(createRegistry({ content })).rejects.toThrow('no such bucket');
  });

  it('closes the rest when a part cannot be closed, and once', async () => {
    const { closed, content, contentPolicy } = parts(() => Promise.reject(new Error('on purpose')));
    const registry = await createRegistry({ operatorKey: generatePrivateKey(), content, contentPolicy });
    await expect(registry.close()).rejects.toThrow('on purpose');
    await expect(registry.close()).rejects.toThrow('on purpose');
    expect(closed).toEqual(['policy', 'content']);
  });
});
