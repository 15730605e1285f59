import {
  comparePrecedence,
  compareVersions,
  formatVersion,
  formatVersionRequirement,
  isVersion,
  matchesRequirement,
  parseVersion,
  parseVersionRequirement,
  type Version,
  versionParts,
} from '@warg/protocol';
import { expectVerdict, type FileContext, type Kinds, same } from '../verdict.ts';

export const kinds: Kinds = {
  version(c) {
    same(isVersion(c.input), c.verdict === 'ok', 'isVersion');
    expectVerdict(
      c,
      () => parseVersion(c.input),
      (version) => {
        const parts = versionParts(version);
        const { major, minor, patch, pre, build } = parts;
        same(
          { major: String(major), minor: String(minor), patch: String(patch), pre, build },
          { major: c.major, minor: c.minor, patch: c.patch, pre: c.pre, build: c.build },
          'parts',
        );
        same(version, c.formatted, 'formatted');
        same(formatVersion(parts), c.formatted, 'formatted from parts');
      },
    );
  },
  order(c) {
    const versions = c.input.map((text: string) => parseVersion(text)) as Version[];
    const sorted = [...new Set(versions)].toSorted(compareVersions);
    same(sorted, c.sorted, 'sorted');
    const names = new Map([
      [-1, 'lower'],
      [0, 'equal'],
      [1, 'higher'],
    ]);
    const precedence = sorted.slice(1).map((version, i) => {
      const order = comparePrecedence(sorted[i] as Version, version);
      return names.get(Math.sign(order));
    });
    same(precedence, c.precedence, 'precedence');
  },
  pool(c) {
    for (const text of c.versions) parseVersion(text);
  },
  requirement(c, file) {
    expectVerdict(
      c,
      () => parseVersionRequirement(c.input),
      (requirement) => {
        const comparators = requirement.comparators.map(({ op, major, minor, patch, pre }) => ({
          op,
          major: String(major),
          minor: minor === undefined ? null : String(minor),
          patch: patch === undefined ? null : String(patch),
          pre,
        }));
        same(comparators, c.comparators, 'comparators');
        const formatted = formatVersionRequirement(requirement);
        same(formatted, c.formatted, 'formatted');
        same(parseVersionRequirement(formatted), requirement, 'read again');
        const matches = poolOf(file).filter((version) => matchesRequirement(requirement, version));
        same(matches, c.matches, 'matches');
        same(matches.toSorted(compareVersions).at(-1) ?? null, c.latest, 'latest');
      },
    );
  },
};

function poolOf(file: FileContext): readonly Version[] {
  const pools = file.cases
    .filter(({ kind }) => kind === 'pool')
    .flatMap(({ versions }) => versions as string[]);
  return pools.map(parseVersion);
}
