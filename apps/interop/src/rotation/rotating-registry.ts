// A registry of ours in a process of its own, whose operator key is rotated step by step while it runs.

import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey, keyIdOf, type PublicKey, publicKeyOf } from '@warg/crypto';
import { cleanEnvironment, ourServer, runProgram, startProgram } from '@warg-apps/programs';

/** One step of a rotation, in the order in which they are taken. */
export type RotationStep = 'add' | 'switch' | 'revoke';

export const rotationSteps: readonly RotationStep[] = ['add', 'switch', 'revoke'];

export interface RotatingRegistry {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly oldKey: PublicKey;
  readonly newKey: PublicKey;
  /** Takes a step, and returns when the registry's newest checkpoint shows it. */
  take(step: RotationStep): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one with the namespace `test`. @param work a folder for everything it writes */
export async function startRotatingRegistry(work: string): Promise<RotatingRegistry> {
  const folder = mkdtempSync(join(work, 'rotating-'));
  const keys = { old: generatePrivateKey(), new: generatePrivateKey() };
  const file = (name: string) => join(folder, `${name}.key`);
  for (const [name, key] of Object.entries(keys)) writeFileSync(file(name), encodePrivateKey(key));
  copyFileSync(file('old'), file('operator'));
  const oldKey = publicKeyOf(keys.old);
  const newKey = publicKeyOf(keys.new);

  const store = ['--data-dir', join(folder, 'data')];
  const options = { env: cleanEnvironment({ NO_COLOR: '1' }), cwd: folder };
  const serving = ['--listen', '127.0.0.1:0', '--namespace', 'test', '--operator-key-file', file('operator')];
  const program = await startProgram(
    process.execPath,
    [ourServer, ...serving, ...store],
    /listening on (http:\/\/127\.0\.0\.1:\d+)/,
    options,
  );
  const url = program.ready[1]!;
  const admin = async (args: readonly string[], key: string): Promise<void> => {
    const all = [ourServer, 'operator', ...args, ...store, '--operator-key-file', file(key)];
    const { code, stdout, stderr } = await runProgram(process.execPath, all, options);
    if (code !== 0) throw new Error(`warg-server operator ended with ${code}\n${stdout}${stderr}`);
  };
  return {
    url,
    oldKey,
    newKey,
    stop: () => program.stop(),
    async take(step) {
      switch (step) {
        case 'add':
          return admin(['add-key', newKey], 'old');
        case 'revoke':
          return admin(['revoke-key', keyIdOf(oldKey)], 'new');
        case 'switch':
          copyFileSync(file('new'), file('operator'));
          process.kill(program.pid, 'SIGHUP');
          return waitForSigner(url, keyIdOf(newKey));
      }
    },
  };
}

async function waitForSigner(url: string, keyId: string): Promise<void> {
  for (const giveUp = performance.now() + 60_000; performance.now() < giveUp; ) {
    const checkpoint = (await (await fetch(`${url}/v1/fetch/checkpoint`)).json()) as { keyId: string };
    if (checkpoint.keyId === keyId) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the registry does not sign with ${keyId}`);
}
