// The verification of RFC 9162, sections 2.1.3.2 and 2.1.4.2, step by step as it stands there.

import { equalBytes } from '@warg/crypto';
import type { Hash } from '../src/index.ts';
import { naiveBranch } from './naive.ts';

export function rfcVerifiesInclusion(
  leafIndex: number,
  treeSize: number,
  path: readonly Hash[],
  leaf: Hash,
  root: Hash,
): boolean {
  if (leafIndex >= treeSize) return false;
  let fn = leafIndex;
  let sn = treeSize - 1;
  let r = leaf;
  for (const p of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = naiveBranch(p, r);
      if (fn % 2 === 0) {
        do {
          fn = Math.floor(fn / 2);
          sn = Math.floor(sn / 2);
        } while (fn % 2 === 0 && fn !== 0);
      }
    } else {
      r = naiveBranch(r, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(r, root);
}

export function rfcVerifiesConsistency(
  first: number,
  second: number,
  firstHash: Hash,
  secondHash: Hash,
  given: readonly Hash[],
): boolean {
  if (first === second) return given.length === 0 && equalBytes(firstHash, secondHash);
  const path = [...given];
  if (path.length === 0) return false;
  if (Number.isInteger(Math.log2(first))) path.unshift(firstHash);
  let fn = first - 1;
  let sn = second - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  let fr = path[0]!;
  let sr = path[0]!;
  for (const c of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = naiveBranch(c, fr);
      sr = naiveBranch(c, sr);
      if (fn % 2 === 0) {
        do {
          fn = Math.floor(fn / 2);
          sn = Math.floor(sn / 2);
        } while (fn % 2 === 0 && fn !== 0);
      }
    } else {
      sr = naiveBranch(sr, c);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(fr, firstHash) && equalBytes(sr, secondHash);
}
