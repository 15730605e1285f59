import { digestOf, encodeUtf8, generatePrivateKey, publicKeyOf } from '@warg/crypto';
import {
  type PackageEntry,
  packageLogId,
  packageRecordId,
  parsePackageName,
  signPackageRecord,
  timestampFromMillis,
} from '@warg/protocol';
import { encodePublishRecordRequest, paths } from '@warg/protocol/api';

/** A package that was published with one release, at a checkpoint. */
export interface PublishedPackage {
  readonly logId: string;
  readonly recordId: string;
  readonly digest: string;
  /** As `v1/fetch/checkpoint` answered it. */
  readonly checkpoint: unknown;
}

/** Publishes a package whose only record has a release. */
export async function publishPackage(url: string, name: string): Promise<PublishedPackage> {
  const key = generatePrivateKey();
  const packageName = parsePackageName(name);
  const content = encodeUtf8('the content of an example');
  const digest = digestOf(content);
  const entries: PackageEntry[] = [
    { type: 'init', hashAlgorithm: 'sha256', key: publicKeyOf(key) },
    { type: 'release', version: '1.0.0' as never, content: digest },
  ];
  const record = signPackageRecord({ prev: undefined, time: timestampFromMillis(Date.now()), entries }, key);
  const logId = packageLogId(packageName);
  const recordId = packageRecordId(record.contentBytes);
  await send(`${url}/${paths.publishRecord(logId)}`, 202, {
    headers: { 'content-type': 'application/json' },
    body: encodePublishRecordRequest({ packageName, record, contentSources: new Map() }),
  });
  await send(`${url}/${paths.recordContent(logId, recordId, digest)}`, 201, { body: content });
  const giveUp = Date.now() + 60_000;
  for (;;) {
    const { state } = (await (await fetch(`${url}/${paths.record(logId, recordId)}`)).json()) as {
      state: string;
    };
    if (state === 'published') break;
    if (state === 'rejected' || Date.now() > giveUp) throw new Error(`the record is ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const checkpoint: unknown = await (await fetch(`${url}/${paths.fetchCheckpoint()}`)).json();
  return { logId, recordId, digest, checkpoint };
}

async function send(url: string, status: number, init: RequestInit): Promise<void> {
  const response = await fetch(url, { method: 'POST', ...init });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.status} ${text}`);
}
