// Our log, read and recomputed from its first leaf to its root by a program that nobody here wrote.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey, type PrivateKey, publicKeyOf } from '@warg/crypto';
import { packageLogId, parsePackageName, signPackageRecord, timestampFromMillis } from '@warg/protocol';
import { decodeSignedCheckpoint, encodePublishRecordRequest, paths } from '@warg/protocol/api';
import { cleanEnvironment, must, ourServer, runProgram, startOurServer } from '@warg-apps/programs';
import { check } from '../checks.ts';
import { startLiar } from './liar.ts';

const namespace = 'tiles';
const origin = 'registry.example/interop-log';
/** Two full tiles and a part of a third, with the operator's own records. */
const packages = 640;

/** @param fsck the program */
export async function verifyTiles(fsck: string, work: string): Promise<void> {
  const keyFile = join(work, 'log.key');
  const verifierKey = await makeLogKey(keyFile);
  const operator = generatePrivateKey();
  const server = await startOurServer({
    work,
    namespace,
    operatorKey: encodePrivateKey(operator),
    more: ['--log-key-file', keyFile, '--log-origin', origin],
  });
  try {
    await publish(server.url);
    const run = (url: string, key = verifierKey) => verify(fsck, url, key, work);
    await check(`Tessera's fsck verifies our log of more than ${packages} leaves`, async () => {
      const { verified, output } = await run(server.url);
      if (!verified) throw new Error(output);
    });
    await check("Tessera's fsck refuses our log under another key", async () => {
      mustRefuse(await run(server.url, await makeLogKey(join(work, 'other.key'))), /verify checkpoint/);
    });
    const lies = [
      ['a flipped bit in a full tile', /^\/tile\/0\/001$/, /expected:/],
      ['a flipped bit in a partial tile', /^\/tile\/0\/002\.p\/\d+$/, /expected:/],
      ['a flipped bit in a tile of the second level', /^\/tile\/1\/000\.p\/2$/, /expected:/],
      ['a flipped bit in a leaf', /^\/tile\/entries\/001$/, /expected:/],
      ['a flipped bit in the checkpoint', /^\/checkpoint$/, /verify checkpoint/],
    ] as const;
    for (const [what, path, why] of lies) {
      await check(`Tessera's fsck refuses ${what}`, async () => {
        const liar = await startLiar(server.url, path);
        try {
          mustRefuse(await run(liar.url), why);
          if (liar.lies() === 0) throw new Error(`it never asked for ${path}`);
        } finally {
          liar.close();
        }
      });
    }
  } finally {
    await server.program.stop();
  }
}

/** @returns the verifier key */
async function makeLogKey(file: string): Promise<string> {
  const args = [ourServer, 'key', 'new', '--log', origin, '--output', file];
  const { stdout } = await must(runProgram(process.execPath, args, { env: cleanEnvironment() }));
  return /verifier key: (\S+)/.exec(stdout)![1]!;
}

interface Verdict {
  readonly verified: boolean;
  /** The beginning of what it printed: it prints whole tiles. */
  readonly output: string;
}

async function verify(fsck: string, url: string, verifierKey: string, work: string): Promise<Verdict> {
  const file = join(work, 'verifier.key');
  writeFileSync(file, verifierKey);
  // Several workers: with a single one, this version waits for ever after the first wrong tile.
  const args = ['-ui=false', '-N=16', `-storage_url=${url}/`, `-public_key=${file}`];
  const { code, stderr } = await runProgram(fsck, args, { timeout: 60_000 });
  // Its exit code is 0 in any case in this version, unless it was killed.
  const verified = code === 0 && /Successfully fsck'd log/.test(stderr) && !/fsck failed/.test(stderr);
  return { verified, output: stderr.replaceAll(/(?<=[0-9a-f]{32})[0-9a-f]+/g, '…').slice(0, 2000) };
}

function mustRefuse({ verified, output }: Verdict, why: RegExp): void {
  if (verified || !/fsck failed/.test(output) || !why.test(output)) {
    throw new Error(`expected it to refuse the log with ${why}, found
${output}`);
  }
}

async function publish(url: string): Promise<void> {
  const key = generatePrivateKey();
  const numbers = Array.from({ length: packages }, (_, i) => i);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
        await publishOne(url, `${namespace}:p${number}`, key);
      }
    }),
  );
  const giveUp = Date.now() + 60_000;
  while ((await logLength(url)) < packages) {
    if (Date.now() > giveUp) throw new Error(`${packages} records were not published within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function publishOne(url: string, name: string, key: PrivateKey): Promise<void> {
  const packageName = parsePackageName(name);
  const record = signPackageRecord(
    {
      prev: undefined,
      time: timestampFromMillis(Date.now()),
      entries: [{ type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) }],
    },
    key,
  );
  const response = await fetch(`${url}/${paths.publishRecord(packageLogId(packageName))}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: encodePublishRecordRequest({ packageName, record, contentSources: new Map() }),
  });
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

async function logLength(url: string): Promise<number> {
  const response = await fetch(`${url}/${paths.fetchCheckpoint()}`);
  return decodeSignedCheckpoint(await response.text()).contents.logLength;
}
