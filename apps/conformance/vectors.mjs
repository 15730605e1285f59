#!/usr/bin/env node
// Runs golden vectors: node apps/conformance/vectors.mjs DIR [--file NAME]... [--verbose]
//
// DIR is any directory of files of the form that vectors/README.md describes. A line a file,
// `NAME.json: N passed, N failed`; failing cases are listed on standard error; exits 1 if one failed.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { file: { type: 'string', multiple: true }, verbose: { type: 'boolean', default: false } },
});
const directory = resolve(process.env.INIT_CWD ?? process.cwd(), positionals[0] ?? 'vectors');
let names;
try {
  names = readdirSync(directory).filter((name) => name.endsWith('.json'));
} catch (error) {
  console.error(`cannot read the vectors: ${error.message}`);
  process.exit(2);
}
if (values.file) names = names.filter((name) => values.file.includes(name.replace(/\.json$/, '')));
if (names.length === 0) {
  console.error(
    `no vector files in ${directory}: expected NAME.json files as vectors/README.md describes them`,
  );
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const name of names.sort()) {
  const counts = await runFile(name);
  passed += counts.passed;
  failed += counts.failed;
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
}
console.log(`vectors: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function runFile(name) {
  const stem = name.replace(/\.json$/, '');
  let kinds;
  let cases;
  try {
    ({ kinds } = await import(`./src/files/${stem}.ts`));
    ({ cases } = JSON.parse(readFileSync(join(directory, name), 'utf8')));
  } catch (error) {
    console.error(
      `${name}: ${error.code === 'ERR_MODULE_NOT_FOUND' ? `no runner knows this file (${error.message})` : error.message}`,
    );
    return { passed: 0, failed: 1 };
  }
  const file = { cases, memo: new Map() };
  const counts = { passed: 0, failed: 0 };
  for (const one of cases) {
    try {
      const run = Object.hasOwn(kinds, one.kind) ? kinds[one.kind] : undefined;
      if (!run) throw new Error(`unknown kind ${one.kind}`);
      await run(one, file);
      counts.passed++;
    } catch (error) {
      counts.failed++;
      console.error(
        `  ${one.id}${one.note ? ` (${one.note})` : ''}: ${values.verbose ? error.stack : error.message}`,
      );
    }
  }
  return counts;
}
