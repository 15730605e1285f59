import { type Digest, parseDigest } from '@warg/crypto';
import { type LogId, type PackageName, parseLogId, parseRecordId, type RecordId } from '@warg/protocol';
import {
  ApiError,
  decodePublishRecordRequest,
  encodePackageRecordResponse,
  limits,
  notSupported,
  type PackageRecordResponse,
  paths,
  rejection,
} from '@warg/protocol/api';
import { ContentError } from '../../content/content-store.ts';
import type { ContentUse } from '../../registry/core-options.ts';
import type { ContentUpload, RecordStatus } from '../../registry/registry.ts';
import { readSources } from '../../sources/publisher-sources.ts';
import { addressGroup } from '../address-group.ts';
import { emptyAnswer, type HttpAnswer, jsonAnswer } from '../answers.ts';
import { pathParameter } from '../errors.ts';
import type { ImportedLogs } from '../imported-logs.ts';
import { readJson } from '../json-body.ts';
import { completeContent, publishRecord, recordState, uploadContent } from '../openapi/package.ts';
import { bodyChunks, refuseDeclaredLength } from '../request-body.ts';
import { requestFields } from '../request-id.ts';
import type { Route } from '../router.ts';
import type { AppContext, Services } from '../services.ts';
import { noStagedUploads, StagedUploads } from '../staged-uploads.ts';

/** `v1/package/…`: publishing a record, asking after it, giving it its content. */
export function packageRoutes(services: Services, imported: ImportedLogs): readonly Route[] {
  const { core, content, policed, access, timeouts, maxContentBytes, log } = services;
  const staged = new StagedUploads(() => content, services.contentUploadSeconds);
  return [
    {
      path: paths.publishRecord(':logId'),
      about: publishRecord,
      access: 'publish',
      isDirect: true,
      post: async (c) => {
        const logId = logIdOf(c);
        const request = await readJson(c, limits.publishRecordBody, services, decodePublishRecordRequest);
        access.requirePublish(c, request.packageName);
        if (request.contentSources.size > 0 && services.sources === undefined) {
          throw notSupported('specifying content sources is not supported');
        }
        const sources = readSources(request.contentSources, services.sources?.hosts ?? []);
        const status = await submit(logId, request.packageName, () =>
          core.submit({
            logId,
            packageName: request.packageName,
            envelope: request.record,
            address: addressGroup(c.env.remoteAddress ?? ''),
            namespaces: access.namespacesOf(c),
            sources,
          }),
        );
        if (sources.size > 0) services.sources?.wake();
        log.info(
          { ...requestFields(c), package: request.packageName, record: status.recordId, state: status.state },
          'record accepted',
        );
        return jsonAnswer(encodePackageRecordResponse(await recordAnswer(c, logId, status)), 202);
      },
    },
    {
      path: paths.record(':logId', ':recordId'),
      about: recordState,
      access: 'token',
      isDirect: true,
      get: async (c) => {
        const logId = logIdOf(c);
        const recordId = recordIdOf(c);
        const status = await imported.hinting([logId], access.filterOf(c), async () => {
          await access.requireLog(c, logId);
          return core.recordStatus(logId, recordId);
        });
        return jsonAnswer(encodePackageRecordResponse(await recordAnswer(c, logId, status)));
      },
    },
    {
      path: paths.recordContent(':logId', ':recordId', ':digest'),
      about: uploadContent,
      access: 'link',
      post: (c) =>
        receive(c, 'content stored', (use) => {
          const request = c.req.raw;
          refuseDeclaredLength(request, maxContentBytes);
          return policed.take(use, bodyChunks(request, c.env, timeouts.idle), maxContentBytes);
        }),
    },
    {
      path: paths.completeContent(':logId', ':recordId', ':digest'),
      about: completeContent,
      access: 'link',
      post: (c) =>
        receive(c, 'content taken over', (use, recordId) =>
          staged.complete(use, recordId, policed, maxContentBytes),
        ),
    },
  ];

  /** Writes a status for the wire. Upload URLs are relative to the registry's own, as in the reference. */
  async function recordAnswer(
    c: AppContext,
    logId: LogId,
    status: RecordStatus,
  ): Promise<PackageRecordResponse> {
    if (status.state !== 'sourcing') return status;
    const { recordId, state, missingContent } = status;
    // Who uploads into the store is asked nothing there.
    const staging = access.mayUpload(c) ? staged : noStagedUploads;
    const uploads = missingContent.map(async (digest, index) => {
      const url = await access.uploadLink(c, paths.recordContent(logId, recordId, digest));
      const own = { type: 'http', method: 'POST', url, headers: new Map() } as const;
      return [digest, { upload: [own, ...(await staging.offers(recordId, digest, index))] }] as const;
    });
    return { recordId, state, missingContent: new Map(await Promise.all(uploads)) };
  }

  /**
   * Lets a content in that a record waits for, and tells the record.
   *
   * @param message what the log says of it
   * @param take stores it, and says how large it is
   */
  async function receive(
    c: AppContext,
    message: string,
    take: (use: ContentUse, recordId: RecordId) => Promise<number>,
  ): Promise<HttpAnswer> {
    const [logId, recordId, digest] = [logIdOf(c), recordIdOf(c), digestOf(c)];
    const upload = { logId, recordId, digest };
    // What is good for sending the content is good for saying that it was sent elsewhere.
    await access.requireUpload(c, logId, paths.recordContent(logId, recordId, digest));
    const versions = await core.expectContent(upload);
    const size = await taken(upload, async () => take({ digest, logId, versions }, recordId));
    const { state } = await core.contentStored(upload);
    log.info({ ...requestFields(c), record: recordId, digest, size, state }, message);
    return emptyAnswer(201);
  }

  /** Rejects the record if the policy refuses its content. */
  async function taken(upload: ContentUpload, take: () => Promise<number>): Promise<number> {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof ContentError) || error.code !== 'CONTENT_REFUSED') throw error;
      const { recordId: record, digest } = upload;
      await core.contentRejected(upload, error.message);
      log.info({ record, digest, reason: error.message }, 'content refused');
      throw rejection(`content with digest \`${digest}\` was rejected by policy: ${error.message}`);
    }
  }

  async function submit(
    logId: LogId,
    name: PackageName,
    send: () => Promise<RecordStatus>,
  ): Promise<RecordStatus> {
    try {
      return await send();
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) imported.remember(logId, name);
      throw error;
    }
  }
}

function logIdOf(c: AppContext): LogId {
  return pathParameter(() => parseLogId(c.req.param('logId') ?? ''));
}

function recordIdOf(c: AppContext): RecordId {
  return pathParameter(() => parseRecordId(c.req.param('recordId') ?? ''));
}

function digestOf(c: AppContext): Digest {
  return pathParameter(() => parseDigest(c.req.param('digest') ?? ''));
}
