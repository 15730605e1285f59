// The examples in READMEs and docs, run as they stand. A fenced block is an example when the line before it is
// `<!-- run -->`. All run in an empty folder. The file of JavaScript and TypeScript stands beside the README, so that
// imports resolve as they do for the package itself; shell blocks have an empty home and the workspace's own
// programs first on PATH.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { failed, passed, sum } from './outcome.mjs';
import { mapLimited, root, run, runNode } from './processes.mjs';
import { filesUnder, publishedPackages } from './workspace.mjs';

const extensions = new Map([
  ['js', '.mjs'],
  ['javascript', '.mjs'],
  ['ts', '.mts'],
  ['typescript', '.mts'],
  ['sh', '.sh'],
  ['bash', '.sh'],
]);

/** @returns {Promise<import('./outcome.mjs').Outcome>} */
export async function checkReadmeExamples() {
  const missing = [];
  const examples = [];
  for (const { path, dir } of publishedPackages()) {
    const readme = join(path, 'README.md');
    const found = existsSync(readme) ? readExamples(readFileSync(readme, 'utf8')) : [];
    if (found.length === 0)
      missing.push(failed(`${dir}/README.md: expected an example marked with <!-- run -->`));
    examples.push(...found.map((example) => ({ ...example, source: readme, home: path })));
  }
  // What stands outside of a package imports what an app would: the app that depends on all of them.
  for (const file of ['README.md', 'CONTRIBUTING.md', ...docs()]) {
    const source = join(root, file);
    if (!existsSync(source)) continue;
    const found = readExamples(readFileSync(source, 'utf8'));
    examples.push(...found.map((example) => ({ ...example, source, home: join(root, 'apps/interop') })));
  }
  return sum([...missing, ...(await mapLimited(examples, 2, runExample))]);
}

const docs = () =>
  filesUnder(join(root, 'docs'), (name) => name.endsWith('.md')).map((name) => `docs/${name}`);

/**
 * The blocks of a Markdown text that are marked to be run.
 *
 * @param {string} markdown
 * @returns {{ language: string, code: string, line: number }[]} `line` counts from 1 and is that of the fence
 */
export function readExamples(markdown) {
  const lines = markdown.split('\n');
  const examples = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at].trim() !== '<!-- run -->') continue;
    const fence = lines.findIndex((line, index) => index > at && line.trim() !== '');
    const language = lines[fence]?.match(/^```(\w+)/)?.[1] ?? '';
    const end = lines.indexOf('```', fence + 1);
    if (!extensions.has(language) || end < 0) {
      examples.push({ language: '', code: '', line: at + 1 });
      continue;
    }
    examples.push({ language, code: lines.slice(fence + 1, end).join('\n'), line: fence + 1 });
    at = end;
  }
  return examples;
}

async function runExample({ language, code, line, source, home }) {
  const where = `${relative(root, source)}:${line}`;
  const extension = extensions.get(language);
  if (!extension) return failed(`${where}: expected a js, ts or sh block after <!-- run -->`);
  const result = extension === '.sh' ? await runShell(code) : await runScript(code, extension, home, line);
  if (result.code === 0) return passed();
  return failed(`${where}: the example ended with ${result.code}\n${result.output.trim()}`);
}

/** The file stands in `home`, for its imports; it runs in an empty folder, for what it writes. */
async function runScript(code, extension, home, line) {
  const file = join(home, `.readme-example-${basename(home)}-${line}${extension}`);
  writeFileSync(file, code);
  const cwd = mkdtempSync(join(tmpdir(), 'warg-readme-'));
  try {
    return await runNode([file], { cwd });
  } finally {
    rmSync(file, { force: true });
    rmSync(cwd, { recursive: true, force: true });
  }
}

async function runShell(code) {
  const work = mkdtempSync(join(tmpdir(), 'warg-readme-'));
  try {
    const home = join(work, 'home');
    const cwd = join(work, 'work');
    for (const dir of [home, cwd]) mkdirSync(dir);
    const PATH = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(
      delimiter,
    );
    const env = {
      ...process.env,
      PATH,
      HOME: home,
      XDG_CONFIG_HOME: join(home, '.config'),
      XDG_DATA_HOME: join(home, '.data'),
    };
    return await run('bash', ['-euo', 'pipefail', '-c', code], { cwd, env });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
