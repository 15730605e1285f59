import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey, keyIdOf, publicKeyOf } from '@warg/crypto';
import { decodeSignedCheckpoint, OPERATOR_PERMISSIONS } from '@warg/protocol';
import { decodeRegistryDocument, paths } from '@warg/protocol/api';
import { describe, expect, it } from 'vitest';
import { callerOf, openRegistry } from '../../test/registry-caller.ts';
import { createRegistry, sqliteStore } from '../create-registry.ts';
import { addKey } from '../operator/changes.ts';
import { submitOperatorRecord } from '../operator/submit-record.ts';
import { openSharedSqliteStore } from '../store/sqlite/sqlite-store.ts';

describe('Registry.useOperatorKey', () => {
  it('refuses a key that the operator log does not know, wherever the writer runs', async () => {
    const registry = await openRegistry();
    const before = registry.operatorKey;
    const attempt = registry.useOperatorKey(generatePrivateKey());
    await expect(attempt).rejects.toMatchObject({ name: 'RegistryError', code: 'OPERATOR_KEY_MISMATCH' });
    expect(registry.operatorKey).toBe(before);
    await registry.close();
  });

  it('signs with the other key at once, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warg-rotation-'));
    const file = join(folder, 'registry.db');
    const [operatorKey, next] = [generatePrivateKey(), generatePrivateKey()];
    const registry = await createRegistry({
      operatorKey,
      store: sqliteStore(file),
      publicUrl: 'https://registry.example',
    });
    const call = callerOf(registry.fetch);
    const signer = async () => decodeSignedCheckpoint((await call.get(paths.fetchCheckpoint())).text).keyId;
    const known = async () =>
      decodeRegistryDocument((await call.get(paths.wellKnownWarg())).text).wargOperatorKey;

    const attempt = registry.useOperatorKey(next);
    await expect(attempt).rejects.toMatchObject({ name: 'RegistryError', code: 'OPERATOR_KEY_MISMATCH' });
    const beside = openSharedSqliteStore(file);
    await beside.transaction((transaction) =>
      submitOperatorRecord(transaction, {
        change: addKey(publicKeyOf(next), OPERATOR_PERMISSIONS),
        key: operatorKey,
        actor: 'test',
        now: Date.now(),
      }),
    );
    await beside.close();
    // The writer looks by itself; until it has seen the record it refuses.
    while (registry.operatorKey !== publicKeyOf(next)) {
      expect(await signer()).toBe(keyIdOf(publicKeyOf(operatorKey)));
      await registry.useOperatorKey(next).catch(() => new Promise((resolve) => setTimeout(resolve, 20)));
    }
    expect(await signer()).toBe(keyIdOf(publicKeyOf(next)));
    expect(await known()).toBe(publicKeyOf(next));
    await registry.close();
    rmSync(folder, { recursive: true });
  });
});
