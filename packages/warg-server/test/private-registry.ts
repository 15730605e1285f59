import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey } from '@warg/crypto';
import type { ContentStore } from '../src/content/content-store.ts';
import { createRegistry, type Registry, type RegistryOptions, sqliteStore } from '../src/create-registry.ts';
import { LINK_KEY } from '../src/http/access/access.ts';
import { makeToken, type NewToken } from '../src/http/access/tokens.ts';
import type { RegistryStore } from '../src/store/registry-store.ts';
import { openSharedSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { doorOf } from './doors.ts';
import type { TestRecord } from './publisher.ts';
import { type Answer, callerOf, type RegistryCaller } from './registry-caller.ts';

/** A registry with the namespaces `ours` and `theirs`, and its store from beside, as administration has it. */
export interface PrivateRegistry {
  readonly registry: Registry;
  readonly store: RegistryStore;
  /** Adds a token; for everything unless told otherwise. */
  addToken(token?: Partial<NewToken>): Promise<TestToken>;
  revoke(token: TestToken): Promise<void>;
  /** A caller who sends this token with every request, or none. */
  caller(token?: TestToken): RegistryCaller;
  /** Publishes a record by a token, with all the contents that it waits for, and waits until it is published. */
  publish(token: TestToken, record: TestRecord, contents?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

export interface TestToken {
  readonly id: string;
  readonly text: string;
}

export async function privateRegistry(
  options: Partial<RegistryOptions> & { readonly content?: ContentStore } = {},
): Promise<PrivateRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'warg-private-'));
  const file = join(folder, 'registry.db');
  const registry = await createRegistry({
    operatorKey: generatePrivateKey(),
    namespaces: ['ours', 'theirs', { namespace: 'far', state: 'imported', registry: 'far.example' }],
    store: sqliteStore(file),
    access: { isPrivate: true },
    ...options,
  });
  const store = openSharedSqliteStore(file);
  const fetch = doorOf(registry);
  const caller: PrivateRegistry['caller'] = (token) =>
    callerOf((request, context) => {
      if (token !== undefined && !request.headers.has('authorization')) {
        request.headers.set('authorization', `Bearer ${token.text}`);
      }
      return fetch(request, context);
    });
  return {
    registry,
    store,
    caller,
    async addToken(token = {}) {
      const { text, row } = makeToken({
        scope: 'publish',
        namespaces: undefined,
        name: '',
        createdAt: Date.now(),
        expiresAt: undefined,
        ...token,
      });
      await store.transaction(async (transaction) => {
        await transaction.insertAccessToken(row);
        await transaction.addSharedKey(LINK_KEY, new Uint8Array(32).fill(1));
      });
      return { id: row.id, text };
    },
    async revoke({ id }) {
      await store.transaction((transaction) => transaction.revokeAccessToken(id, Date.now()));
    },
    async publish(token, record, contents = {}) {
      const call = caller(token);
      const published = await call.publish(record);
      if (published.status !== 202) throw new Error(`not taken: ${published.status} ${published.text}`);
      for (const [digest, url] of uploadUrls(published)) {
        const uploaded = await caller().request(url, { method: 'POST', body: contents[digest]! });
        if (uploaded.status !== 201) throw new Error(`not taken: ${uploaded.status} ${uploaded.text}`);
      }
      const settled = await call.settle(record);
      if (settled.state !== 'published') throw new Error(`it is ${JSON.stringify(settled)}`);
    },
    async close() {
      await store.close();
      await registry.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Digest and upload URL of every content that a record waits for, as the wire has them. */
export function uploadUrls(answer: Answer): readonly (readonly [string, string])[] {
  const { missingContent = {} } = answer.json<{
    missingContent?: Record<string, { upload: { url: string }[] }>;
  }>();
  return Object.entries(missingContent).map(([digest, { upload }]) => [digest, upload[0]!.url]);
}
