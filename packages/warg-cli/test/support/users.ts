import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newUser, type User } from './spawn.ts';

/** The empty component, and one with a custom section: two contents that differ. */
export const FIRST = Buffer.from('0061736d0d000100', 'hex');
export const SECOND = Buffer.concat([FIRST, Buffer.from('0003026161', 'hex')]);

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A user with a home registry and a signing key. */
export async function publisherOf(registry: string): Promise<User> {
  const user = await consumerOf(registry);
  await user.json('key', 'new');
  writeFileSync(join(user.folder, 'first.wasm'), FIRST);
  writeFileSync(join(user.folder, 'second.wasm'), SECOND);
  return user;
}

/** A user who only knows the registry. */
export async function consumerOf(registry: string): Promise<User> {
  const user = newUser();
  await user.json('config', '--registry', registry);
  return user;
}
