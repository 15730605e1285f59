import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { installDebianPackage } from './debian-package.ts';
import { findPostgres } from './postgres-programs.ts';

/** Where Debian puts docker-registry, the OCI registry that the tests run against. */
export const dockerRegistry = '/usr/bin/docker-registry';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why docker-registry cannot be had; empty if it can. */
    noDockerRegistry: string;
    /** Why PostgreSQL cannot be had; empty if it can. */
    noPostgres: string;
  }
}

/** Runs once before all tests: the servers that they need are installed where they are missing and root may. */
export default function setup(project: TestProject): void {
  const registry = installDebianPackage('docker-registry', () => existsSync(dockerRegistry));
  project.provide('noDockerRegistry', registry ?? '');
  const postgres = installDebianPackage('postgresql', () => findPostgres() !== undefined);
  project.provide('noPostgres', postgres ?? '');
}
