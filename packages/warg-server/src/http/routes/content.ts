import { type Digest, parseDigest } from '@warg/crypto';
import {
  apiError,
  contentDigestNotFound,
  contentTypes,
  contentWithdrawn,
  encodeContentSourcesResponse,
  paths,
} from '@warg/protocol/api';
import type { ContentStore } from '../../content/content-store.ts';
import { contentFileName, digestOfFileName } from '../../content/file-content.ts';
import { emptyAnswer, type HttpAnswer, jsonAnswer, messageBody, notFoundMessage } from '../answers.ts';
import { namesEtag, parseRange } from '../byte-range.ts';
import { AnswerError, pathParameter } from '../errors.ts';
import type { RawRequest } from '../exchange.ts';
import { contentSources, downloadContent } from '../openapi/content.ts';
import type { Route } from '../router.ts';
import type { AppContext, Services } from '../services.ts';

/** `v1/content/…`, which says where a content can be downloaded, and `content/…`, where it can be. */
export function contentRoutes(services: Services): readonly Route[] {
  const { core, content, access, contentBaseUrl, contentRedirectSeconds, publicUrl, log } = services;
  return [
    {
      path: paths.content(':digest'),
      about: contentSources,
      access: 'token',
      get: async (c) => {
        const digest = pathParameter(() => parseDigest(c.req.param('digest') ?? ''));
        const size = await offeredSize(c, digest, access.namespacesOf(c));
        if (size === undefined) throw contentDigestNotFound(digest);
        const base = contentBaseUrl ?? publicUrl ?? originOf(c);
        const link = await access.downloadLink(c, `content/${contentFileName(digest)}`);
        return jsonAnswer(
          encodeContentSourcesResponse({
            contentSources: new Map([
              [
                digest,
                [
                  {
                    type: 'httpGet',
                    url: `${base}/${link}`,
                    acceptRanges: true,
                    size,
                  },
                ],
              ],
            ]),
          }),
        );
      },
    },
    {
      path: 'content/:file',
      about: downloadContent,
      access: 'link',
      get: async (c) => {
        const digest = digestOfFileName(c.req.param('file') ?? '');
        const path = `content/${digest === undefined ? '' : contentFileName(digest)}`;
        const namespaces = await access.contentNamespaces(c, path);
        const size = digest === undefined ? undefined : await offeredSize(c, digest, namespaces);
        if (digest === undefined || size === undefined) {
          throw apiError(404, notFoundMessage);
        }
        const elsewhere =
          contentRedirectSeconds === undefined || c.req.raw.method === 'HEAD'
            ? undefined
            : await content.temporaryUrl?.(digest, access.redirectLifetime(contentRedirectSeconds));
        if (elsewhere !== undefined) {
          // Each asker gets a URL of their own, which is of no use to anybody for long.
          const headers = { location: elsewhere.href, 'cache-control': 'no-store' };
          return emptyAnswer(307, headers);
        }
        return await download(c.req.raw, digest, size, content, (error) =>
          log.error({ digest, err: error }, 'a content cannot be read'),
        );
      },
    },
  ];

  /**
   * The size of a content that may be had: one that a published record names and that is here.
   *
   * @param namespaces of whose packages the record must be; undefined for all
   * @throws AnswerError 451 if it is withdrawn
   */
  async function offeredSize(
    c: AppContext,
    digest: Digest,
    namespaces: readonly string[] | undefined,
  ): Promise<number | undefined> {
    if (!(await core.isContentReferenced(digest, namespaces))) return undefined;
    const reason = await core.withdrawalReason(digest);
    if (reason === undefined) return content.size(digest);
    // RFC 7725: who it is that does not hand it out.
    const link = `<${publicUrl ?? originOf(c)}>; rel="blocked-by"`;
    throw new AnswerError(contentWithdrawn(digest, reason), { link });
  }
}

/** Where the client reached the registry. */
function originOf(c: AppContext): string {
  return c.env.origin ?? new URL(c.req.raw.url).origin;
}

/** Answers a request for a content: whole or a part of it; or that the asker has it already; or its head alone. */
async function download(
  request: RawRequest,
  digest: Digest,
  size: number,
  content: ContentStore,
  onFailure: (error: unknown) => void,
): Promise<HttpAnswer> {
  const etag = `"${contentFileName(digest)}"`;
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    // The same digest is the same bytes for ever, and bytes that a proxy recodes have another digest.
    'cache-control': 'public, max-age=31536000, immutable, no-transform',
  };
  if (namesEtag(request.headers.get('if-none-match') ?? undefined, etag)) {
    return emptyAnswer(304, headers);
  }
  const range = parseRange(wantedRange(request, etag), size);
  if (range === 'unsatisfiable') {
    const body = messageBody(
      416,
      `the content has ${size} bytes, none of them in the range that was asked for`,
    );
    return jsonAnswer(body, 416, { 'content-range': `bytes */${size}` });
  }
  const body = request.method === 'HEAD' ? null : hideFailure(await content.read(digest, range), onFailure);
  return {
    status: range === undefined ? 200 : 206,
    body,
    headers: {
      ...headers,
      'content-type': contentTypes.bytes,
      'content-length': String(range === undefined ? size : range.end - range.start + 1),
      ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${size}` }),
      // The bytes are whatever a publisher sent; no browser shall guess that they are a page.
      'x-content-type-options': 'nosniff',
    },
  };
}

/** The `Range` header, where it counts: not for HEAD, and not if the client means another content. */
function wantedRange(request: RawRequest, etag: string): string | undefined {
  const { headers, method } = request;
  const ifRange = headers.get('if-range');
  if (method === 'HEAD' || (ifRange !== null && ifRange !== etag)) return undefined;
  return headers.get('range') ?? undefined;
}

/** Breaks off a stream that fails, with an error that says nothing of this machine. */
function hideFailure(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          onFailure(error);
          throw new Error('the content cannot be read');
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
