// The packages as they would be published: packed once, then looked at by publint, attw and ourselves.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failed, noFindings, sum } from './outcome.mjs';
import { mapLimited, root, run, runNode, runPnpm } from './processes.mjs';
import { publishedPackages } from './workspace.mjs';

/** Three checks: publint, attw, and the list of files in each tarball. */
export async function checkPackedPackages() {
  const work = mkdtempSync(join(tmpdir(), 'warg-packed-'));
  try {
    const packed = await mapLimited(publishedPackages(), 2, (member) => pack(member, work));
    const broken = packed.filter((one) => one.error);
    if (broken.length > 0) return failed(...broken.map((one) => one.error));
    const [publint, attw] = [tool('publint/src/cli.js'), tool('@arethetypeswrong/cli/dist/index.js')];
    const findings = (command) => mapLimited(packed, 2, command).then((found) => found.filter(Boolean));
    return sum([
      noFindings(
        await findings(({ name, tarball }) => complaint(`publint ${name}`, [publint, tarball, '--strict'])),
      ),
      noFindings(
        await findings(({ name, tarball }) =>
          complaint(`attw ${name}`, [attw, tarball, '--profile', 'esm-only', '--no-emoji', '--no-color']),
        ),
      ),
      noFindings((await mapLimited(packed, 2, strayFiles)).flat()),
    ]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const tool = (path) => join(root, 'node_modules', path);

async function pack({ path, manifest }, work) {
  const tarball = join(work, `${manifest.name.replace(/^@/, '').replace('/', '-')}.tgz`);
  const { code, output } = await runPnpm(['pack', '--out', tarball], { cwd: path });
  return {
    name: manifest.name,
    tarball,
    error: code === 0 ? undefined : `pnpm pack ${manifest.name}\n${output}`,
  };
}

async function complaint(what, args) {
  const { code, output } = await runNode(args, { env: { ...process.env, NO_COLOR: '1' } });
  return code === 0 ? undefined : `${what}\n${output.trim()}`;
}

/** A tarball holds its licence, its README and what was built; no tests, no sources, no leftovers. */
async function strayFiles({ name, tarball }) {
  const { code, output } = await run('tar', ['-tzf', tarball]);
  if (code !== 0) return [`${name}: cannot list the tarball\n${output}`];
  const files = output
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''));
  const expected = ['package.json', 'LICENSE', 'README.md'];
  return [
    ...expected.filter((file) => !files.includes(file)).map((file) => `${name}: the tarball has no ${file}`),
    ...files
      .filter(
        (file) =>
          !expected.includes(file) &&
          !/^(dist\/.*\.(js|d\.ts|map|wasm|notice\.txt)|bin\/.*\.js|CHANGELOG\.md)$/.test(file),
      )
      .map((file) => `${name}: ${file} does not belong into the tarball`),
    ...files.filter((file) => /\.test\.|test-report/.test(file)).map((file) => `${name}: ${file} is a test`),
  ];
}
