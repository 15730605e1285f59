import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { dockerRegistry } from './global-setup.ts';
import { childStore, type StoreServer } from './store-server.ts';

/** Why docker-registry cannot be had here; undefined if it can. A test that is skipped says it, and fails in CI. */
export const noDockerRegistry: string | undefined = inject('noDockerRegistry') || undefined;

/** How a registry wants to know who somebody is, as YAML. */
export type RegistryAuth =
  | { readonly type: 'htpasswd'; readonly lines: string }
  | { readonly type: 'token'; readonly realm: string; readonly certificates: string };

/** Starts docker-registry. What it keeps lies in `dir`. */
export async function startDockerRegistry(
  dir: string,
  port: number,
  auth?: RegistryAuth,
): Promise<StoreServer> {
  mkdirSync(dir, { recursive: true });
  const config = join(dir, `config-${port}.yml`);
  const lines = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${JSON.stringify(join(dir, 'storage'))}}, delete: {enabled: true}}`,
    `http: {addr: "127.0.0.1:${port}", secret: test}`,
  ];
  if (auth?.type === 'htpasswd') {
    const file = join(dir, 'htpasswd');
    writeFileSync(file, auth.lines);
    lines.push(`auth: {htpasswd: {realm: test, path: ${JSON.stringify(file)}}}`);
  } else if (auth !== undefined) {
    const fields = `realm: ${JSON.stringify(auth.realm)}, service: test-registry, issuer: test-issuer`;
    lines.push(`auth: {token: {${fields}, rootcertbundle: ${JSON.stringify(auth.certificates)}}}`);
  }
  writeFileSync(config, `${lines.join('\n')}\n`);
  return await childStore(dockerRegistry, ['serve', config], port);
}
