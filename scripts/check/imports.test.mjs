import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findingsIn } from './imports.mjs';

const layers = {
  crypto: { dependencies: { allow: ['none'] } },
  protocol: { dependencies: { allow: ['crypto'] } },
};
const member = (dir, name, tags, dependencies = {}, devDependencies = {}) => ({
  dir,
  path: `/w/${dir}`,
  manifest: { name, dependencies, devDependencies },
  tags,
});
const crypto = member('packages/warg-crypto', '@warg/crypto', ['crypto'], {
  noble: '1',
  '@warg/protocol': '1',
});
const protocol = member(
  'packages/warg-protocol',
  '@warg/protocol',
  ['protocol'],
  { '@warg/crypto': '1' },
  { vitest: '1' },
);
const programs = member('apps/programs', '@warg-apps/programs', ['programs']);
const app = member('apps/bench', '@warg-apps/bench', ['app'], {
  '@warg/crypto': '1',
  '@warg-apps/programs': '1',
  '@warg-apps/other': '1',
});
const other = member('apps/other', '@warg-apps/other', ['app']);
const members = [crypto, protocol, programs, app, other];
const look = (from, file, text) => findingsIn({ file, text, member: from, members, layers });

describe('findingsIn', () => {
  it('accepts what is declared and below', () => {
    assert.deepEqual(look(protocol, 'src/a.ts', `import { x } from '@warg/crypto';\nimport './b.ts';`), []);
    assert.deepEqual(
      look(app, 'src/a.ts', `import { x } from '@warg/crypto';\nimport fs from 'node:fs';`),
      [],
    );
    assert.deepEqual(look(crypto, 'src/backend/node.ts', `import { hash } from 'node:crypto';`), []);
    assert.deepEqual(look(protocol, 'src/a.test.ts', `import { it } from 'vitest';\nimport 'node:fs';`), []);
  });

  it('refuses an import upwards even when it is declared', () => {
    assert.match(look(crypto, 'src/a.ts', `import { x } from '@warg/protocol';`)[0], /not below/);
  });

  it('lets apps share what starts programs, and nothing else of another app', () => {
    assert.deepEqual(look(app, 'src/a.ts', `import { x } from '@warg-apps/programs';`), []);
    assert.match(look(app, 'src/a.ts', `import { x } from '@warg-apps/other';`)[0], /not below/);
  });

  it('refuses what is not declared, in every way to import it', () => {
    for (const text of [
      `import { x } from 'zod/mini';`,
      `export * from 'zod';`,
      `export type T = import('zod').ZodType;`,
      `const zod = await import('zod');`,
    ]) {
      assert.match(look(protocol, 'src/a.ts', text)[0] ?? '', /'zod' is not declared/, text);
    }
  });

  it('refuses a development dependency in a file that ships', () => {
    assert.match(look(protocol, 'src/a.ts', `import { it } from 'vitest';`)[0], /vitest.*\(dependencies\)/);
  });

  it('refuses Node in a portable layer, paths that leave the package, and createRequire', () => {
    assert.match(look(protocol, 'src/a.ts', `import 'node:fs';`)[0], /browser/);
    assert.match(
      look(protocol, 'src/a.ts', `import '../../warg-crypto/src/hash.ts';`)[0],
      /leaves the package/,
    );
    assert.match(look(app, 'src/a.ts', `import { createRequire } from 'node:module';`)[0], /createRequire/);
  });

  it('refuses an app as a dependency of a package', () => {
    const client = member('packages/warg-client', '@warg/client', ['crypto'], { '@warg-apps/bench': '1' });
    assert.match(look(client, 'src/a.ts', `import '@warg-apps/bench';`)[0], /not below/);
  });
});
