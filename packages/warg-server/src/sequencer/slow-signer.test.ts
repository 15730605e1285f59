import { setTimeout as sleep } from 'node:timers/promises';
import { generatePrivateKey } from '@warg/crypto';
import { expect, it } from 'vitest';
import { describeWithPostgres, startPostgres } from '../../test/postgres-server.ts';
import { createRegistry, postgresStore } from '../create-registry.ts';
import { keySigner, type OperatorSigner } from './signer.ts';

describeWithPostgres('a signer that takes longer than a database lets a transaction do nothing', () => {
  it('signs', async () => {
    const postgres = await startPostgres();
    try {
      const url = `${await postgres.createDatabase()}?idle_in_transaction_session_timeout=1000`;
      const fast = keySigner(generatePrivateKey());
      const operatorSigner: OperatorSigner = {
        publicKey: fast.publicKey,
        async sign(prefix, bytes) {
          await sleep(1500);
          return fast.sign(prefix, bytes);
        },
      };
      const store = postgresStore(url, { runMigrations: true });
      const registry = await createRegistry({ operatorSigner, store, namespaces: ['example'] });
      const answer = await registry.fetch(new Request('http://registry.local/v1/fetch/checkpoint'));
      expect(await answer.json()).toMatchObject({ contents: { logLength: 1 } });
      await registry.close();
    } finally {
      await postgres.remove();
    }
  }, 60_000);
});
