import type { Digest } from '@warg/crypto';
import type { LogId } from '@warg/protocol';

/** A content whose digest is right, and what a record wants it for. */
export interface PolicedContent {
  readonly digest: Digest;
  /** bytes */
  readonly size: number;
  /** The log of the package that releases it. */
  readonly logId: LogId;
  /** The versions that the record releases it as. */
  readonly versions: readonly string[];
  /** The path of a file that has the content, until the check is over. Fetches it first where it is stored elsewhere. */
  file(): Promise<string>;
}

/** A further opinion about a content, asked before it is stored or released again. */
export interface ContentPolicy {
  /**
   * @throws ContentError `CONTENT_REFUSED`: the record is rejected, with its message as the reason; or
   *   `CONTENT_POLICY_BUSY`: nobody knows yet, and the record goes on waiting
   */
  check(content: PolicedContent): Promise<void>;
  close?(): Promise<void>;
}
