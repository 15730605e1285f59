// The layers, seen from every import that a source file can make. `turbo boundaries` checks import statements;
// it does not see `import('…')` types, `createRequire` nor paths that leave a package. The rules themselves
// stand in one place, `boundaries.tags` of turbo.json.

import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { noFindings } from './outcome.mjs';
import { root } from './processes.mjs';
import { filesUnder, members, readJson } from './workspace.mjs';

/** Layers that must run in a browser: no Node module but behind a package.json condition. */
const portableLayers = new Set(['crypto', 'transparency', 'protocol']);
/** The files of the portable layers that may: they are chosen by the condition `node`, or by importing `…/node`. */
const conditionalFile = /^packages\/(warg-crypto\/src\/backend\/(?!noble)|warg-transparency\/src\/node\/)/;

/** @returns {import('./outcome.mjs').Outcome} */
export function checkImports() {
  const all = members();
  const layers = readJson(join(root, 'turbo.json')).boundaries.tags;
  return noFindings(
    all.flatMap((member) =>
      filesUnder(member.path, (name) => /\.(ts|mts|js|mjs)$/.test(name)).flatMap((file) =>
        findingsIn({
          file,
          text: readFileSync(join(member.path, file), 'utf8'),
          member,
          members: all,
          layers,
        }),
      ),
    ),
  );
}

/**
 * What is wrong with the imports of one file, a line each.
 *
 * @param {{ file: string, text: string, member: import('./workspace.mjs').Member,
 *   members: readonly import('./workspace.mjs').Member[], layers: Record<string, any> }} source `file` is its
 *   path inside the member
 * @returns {string[]}
 */
export function findingsIn({ file, text, member, members, layers }) {
  const path = `${member.dir}/${file}`;
  const inTest = /(\.test|-suite|\.config)\.ts$|^test\//.test(file);
  const shipped = file.startsWith('src/') && !inTest;
  const found = [];
  const report = (message) => found.push(`${path}: ${message}`);

  if (shipped && /\bcreateRequire\b/.test(text)) report('createRequire hides what is imported: use import');
  for (const { fileName: specifier } of ts.preProcessFile(text, true, true).importedFiles) {
    if (specifier.startsWith('.')) {
      const target = relative(member.path, resolve(member.path, dirname(file), specifier));
      if (target.startsWith('..')) report(`'${specifier}' leaves the package: import it by its name`);
      continue;
    }
    if (specifier.startsWith('#')) continue;
    if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
      const portable = member.tags.some((tag) => portableLayers.has(tag));
      if (portable && shipped && !conditionalFile.test(path)) {
        report(`'${specifier}' in a layer that must run in a browser`);
      }
      continue;
    }
    const name = packageNameOf(specifier);
    if (name === member.manifest.name) continue;
    if (!isDeclared(member.manifest, name, shipped)) {
      report(`'${name}' is not declared in ${member.dir}/package.json${shipped ? ' (dependencies)' : ''}`);
    }
    const target = members.find((other) => other.manifest.name === name);
    if (target && !mayImport(member, target, layers)) {
      report(`'${name}' is not below ${member.manifest.name}: layers point one way (turbo.json)`);
    }
  }
  return found;
}

function packageNameOf(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function isDeclared(manifest, name, shipped) {
  const places = [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies];
  if (!shipped) places.push(manifest.devDependencies);
  return places.some((place) => place && Object.hasOwn(place, name));
}

function mayImport(from, to, layers) {
  const limits = from.tags.map((tag) => layers[tag]?.dependencies?.allow).filter(Boolean);
  if (limits.length === 0) {
    return from.dir.startsWith('apps/') && (to.dir.startsWith('packages/') || to.tags.includes('programs'));
  }
  return limits.every((allowed) => to.tags.some((tag) => allowed.includes(tag)));
}
