import { CryptoError, type Digest, isDigest, keyIdOf, type PublicKey, WargError } from '@warg/crypto';
import {
  decodePackageRecord,
  type Envelope,
  type LogId,
  namespaceOf,
  type PackageEntry,
  type PackageName,
  type PackageRecord,
  packageLogId,
  packageRecordId,
  parsePackageName,
  type ScannedPackageRecord,
  scanPackageRecord,
  type VerifiedSignature,
  verifyPackageEnvelope,
} from '@warg/protocol';
import {
  type ApiError,
  apiError,
  contentWithdrawn,
  namespaceImported,
  namespaceNotFound,
  pendingPublishConflict,
  rejection,
  unauthorized,
} from '@warg/protocol/api';
import type { RegistryWriter } from '../sequencer/writer.ts';
import type { RegistryStore, StoreReads } from '../store/registry-store.ts';
import type { ContentNeed, ContentSourceRow, KeyRow, RecordKey, SubmissionFacts } from '../store/rows.ts';
import type { Clock, ContentUse, RecordPolicy, RegistryLimits } from './core-options.ts';
import { readRecord, versionsOf } from './records.ts';
import type { RecordStatus, Submission } from './registry.ts';
import { requireStrict } from './strictness.ts';

/** How many processing records of a log are looked at for keys that they introduce. */
const PIPELINE = 100;
/** And how many bytes of them are read, give or take one record: whoever asks may be nobody. */
const PIPELINE_BYTES = 128 * 1024;

export interface SubmissionOptions {
  readonly store: RegistryStore;
  readonly writer: RegistryWriter;
  readonly hasContent: (digest: Digest) => Promise<boolean>;
  readonly checkStored?: ((use: ContentUse) => Promise<void>) | undefined;
  readonly recordPolicy: RecordPolicy | undefined;
  readonly clock: Clock;
  readonly limits: RegistryLimits;
}

/** Checks a record and hands it to the writer: the checklist of a submission, in order. */
export async function submitRecord(
  options: SubmissionOptions,
  submission: Submission,
): Promise<RecordStatus> {
  const { store, writer, clock, limits } = options;
  const { address } = submission;
  // Copied: the caller may go on using its bytes, and a view of a larger buffer would send all of that to the writer.
  const envelope = { ...submission.envelope, contentBytes: new Uint8Array(submission.envelope.contentBytes) };
  const packageName = requireName(submission);
  const logId = submission.logId as LogId;
  requireSize(envelope, limits);
  const key: RecordKey = { logId, recordId: packageRecordId(envelope.contentBytes) };

  const query = { ...key, keyId: envelope.keyId, namespace: namespaceOf(packageName) };
  const facts = await store.read((reads) => reads.submissionFacts(query));
  const known = facts.hasRecord ? await store.read((reads) => readRecord(reads, key)) : undefined;
  // An expired record may be sent again and starts over.
  if (known !== undefined && known.record.state !== 'expired') return known.status;

  // A package that was imported under a longer name goes on.
  if (facts.packageName === undefined) requireShortName(packageName, limits);
  requireNamespace(query.namespace, facts);
  const scanned = scanRecord(envelope, limits);
  const signer = await store.read((reads) => findSigner(reads, logId, scanned, envelope.keyId, facts));
  // Who it is from comes first: to read all of a record is more work than to send it. One without entries is no work.
  if (signer === undefined && scanned.entryCount > 0) throw unknownKey(envelope);
  const record = readRecordWith(() => scanned.read());
  requireStrict(record, envelope.contentBytes, clock.now(), limits);
  const digests = requireFewContents(record, limits);
  if (facts.hasWithdrawals) await store.read((reads) => refuseWithdrawn(reads, digests));
  await options.recordPolicy?.check({ packageName, envelope, record });
  const verified = requireSigned(envelope, signer);

  const contents = await Promise.all(
    digests.map(async (digest) => ({ digest, missing: !(await isHere(digest)) })),
  );
  const sources = sourcesOf(submission, contents);
  for (const { digest, missing } of contents) {
    if (missing) continue;
    await options.checkStored?.({ digest, logId, versions: versionsOf(record, digest) });
  }
  const outcome = await writer.submit({
    type: 'accept',
    verified,
    record: {
      ...key,
      prev: record.prev,
      envelope,
      // The log has its name from its first record.
      packageName: record.prev === undefined ? packageName : undefined,
      address,
      state: contents.some(({ missing }) => missing) ? 'sourcing' : 'processing',
      contents,
      ...(sources.length === 0 ? {} : { sources }),
      acceptedAt: clock.now(),
    },
  });
  switch (outcome.type) {
    case 'status':
      return outcome.status;
    case 'conflict':
      throw pendingPublishConflict(outcome.with);
    case 'full':
      throw apiError(
        429,
        `${outcome.limit} records of this ${outcome.scope} wait for their content: upload it, or try again later`,
      );
    default:
      throw new Error(`the writer answered ${outcome.type} to a submission`);
  }

  async function isHere(digest: Digest): Promise<boolean> {
    const { namespaces } = submission;
    if (namespaces !== undefined) {
      const isReadable = await store.read((reads) => reads.isContentReferenced(digest, namespaces));
      if (!isReadable) return false;
    }
    return options.hasContent(digest);
  }
}

/**
 * Where the missing contents can be fetched.
 *
 * @throws ApiError 400 if a source is given for what the record does not release
 */
function sourcesOf(
  { sources = new Map() }: Submission,
  contents: readonly ContentNeed[],
): readonly ContentSourceRow[] {
  const missing = new Map(contents.map((need) => [need.digest, need.missing]));
  return [...sources].flatMap(([digest, urls]) => {
    const isMissing = missing.get(digest);
    if (isMissing === undefined) {
      throw apiError(400, `a source was given for content \`${digest}\`, which the record does not release`);
    }
    return isMissing ? [{ digest, urls }] : [];
  });
}

function requireName({ packageName: text, logId }: Submission): PackageName {
  let name: PackageName;
  try {
    name = parsePackageName(text);
  } catch (cause) {
    throw apiError(400, (cause as Error).message, { cause });
  }
  const expected = packageLogId(name);
  if (expected === logId) return name;
  throw apiError(
    400,
    `package log identifier \`${expected}\` derived from \`${name}\` does not match provided log identifier \`${logId}\``,
  );
}

/** Names have one byte a character. */
function requireShortName(name: PackageName, { nameBytes }: RegistryLimits): void {
  if (name.length <= nameBytes) return;
  throw apiError(
    400,
    `expected a package name of at most ${nameBytes} bytes, found one of ${name.length}, which begins with ` +
      `\`${name.slice(0, 40)}\`: publish the package under a shorter name`,
  );
}

/** @throws ApiError 413 */
function requireSize({ contentBytes }: Envelope, { recordBytes }: RegistryLimits): void {
  if (contentBytes.length <= recordBytes) return;
  throw apiError(413, `expected a record of at most ${recordBytes} bytes, found ${contentBytes.length}`);
}

/** @throws ApiError 400 | 422 if it has more entries or keys than a record may have here */
function scanRecord({ contentBytes }: Envelope, limits: RegistryLimits): ScannedPackageRecord {
  const { recordEntries, recordKeys } = limits;
  const scanned = readRecordWith(() => scanPackageRecord(contentBytes, recordEntries));
  if (scanned.keyCount <= recordKeys) return scanned;
  throw rejection(
    `expected at most ${recordKeys} entries with keys in one record, found ${scanned.keyCount}: grant the others with further records`,
  );
}

function readRecordWith<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WargError)) throw cause;
    if (cause.code === 'RECORD_TOO_LARGE') {
      throw rejection(`${cause.message}: publish the others with further records`);
    }
    throw apiError(400, cause.message, { cause });
  }
}

function requireNamespace(namespace: string, { namespace: row }: SubmissionFacts): void {
  if (row === undefined) throw namespaceNotFound(namespace);
  if (row.registry !== undefined) throw namespaceImported(namespace);
}

/** The signature must be that of the key that was found, and the key must have a permission left. */
function requireSigned(envelope: Envelope, signer: Signer | undefined): VerifiedSignature {
  if (signer === undefined) throw unknownKey(envelope);
  const verified = verifyWith(signer.publicKey, envelope);
  if (!signer.permitted) throw rejection(`the key \`${envelope.keyId}\` has no permission in this package`);
  return verified;
}

function unknownKey({ keyId }: Envelope): ApiError {
  return unauthorized(`unknown key id \`${keyId}\``);
}

function verifyWith(publicKey: PublicKey, envelope: Envelope): VerifiedSignature {
  try {
    return verifyPackageEnvelope(envelope, publicKey);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw unauthorized(`signature \`${envelope.signature}\` verification failed`);
  }
}

/** @throws ApiError 422 */
async function refuseWithdrawn(reads: StoreReads, digests: readonly Digest[]): Promise<void> {
  if (digests.length === 0) return;
  const found = (await reads.withdrawals(digests)).find((each) => each !== undefined);
  if (found !== undefined) throw rejection(contentWithdrawn(found.digest, found.reason).message);
}

interface Signer {
  readonly publicKey: PublicKey;
  readonly permitted: boolean;
}

/**
 * The key must be one of the log: one that its published state knows, one that a record before this one brings which is still
 * processing, or, in a new log, the one that this record begins it with.
 *
 * @throws ApiError 400
 */
async function findSigner(
  reads: StoreReads,
  logId: LogId,
  scanned: ScannedPackageRecord,
  keyId: string,
  { key, packageName }: SubmissionFacts,
): Promise<Signer | undefined> {
  const known = key && signerOf(key);
  if (known?.permitted) return known;
  if (packageName === undefined) {
    const {
      prev,
      entries: [first],
    } = readRecordWith(() => scanned.readBeginning());
    if (prev === undefined && first?.type === 'init' && keyIdOf(first.key) === keyId) {
      return { publicKey: first.key, permitted: true };
    }
  }
  const coming = await comingSigner(reads, logId, keyId);
  if (coming !== undefined) return coming;
  // Between the questions a record may have been published that brings the key: then it is known now.
  const [row] = await reads.keys([{ logId, keyId }]);
  return row && signerOf(row);
}

/** A key that the published log knows. */
function signerOf({ publicKey, permissions }: KeyRow): Signer {
  return { publicKey: publicKey as PublicKey, permitted: permissions.length > 0 };
}

/** A key that a record brings which is still processing. */
async function comingSigner(reads: StoreReads, logId: LogId, keyId: string): Promise<Signer | undefined> {
  for (const { envelope } of await reads.processingOf(logId, PIPELINE, PIPELINE_BYTES)) {
    for (const entry of decodePackageRecord(envelope.contentBytes).entries) {
      const key = keyBroughtBy(entry);
      if (key !== undefined && keyIdOf(key) === keyId) return { publicKey: key, permitted: true };
    }
  }
  return undefined;
}

function keyBroughtBy(entry: PackageEntry): PublicKey | undefined {
  if (entry.type === 'init') return entry.key;
  return entry.type === 'grantFlat' && entry.permissions.length > 0 ? entry.key : undefined;
}

/**
 * Every content that the record releases, once, in order.
 *
 * @throws ApiError 422 if they are too many
 */
function requireFewContents(record: PackageRecord, { recordContents }: RegistryLimits): readonly Digest[] {
  const digests = new Set<Digest>();
  for (const entry of record.entries) {
    if (entry.type === 'release' && isDigest(entry.content)) digests.add(entry.content);
  }
  if (digests.size <= recordContents) return [...digests];
  throw rejection(
    `expected at most ${recordContents} different contents in one record, found ${digests.size}: release the others with further records`,
  );
}
