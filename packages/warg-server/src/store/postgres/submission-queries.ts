import { toBlob } from '../columns.ts';
import { type SubmissionColumns, toSubmissionFacts } from '../columns-to-rows.ts';
import type { SubmissionFacts, SubmissionQuery } from '../rows.ts';
import { keyOfText } from './long-texts.ts';
import type { Queries } from './queries.ts';

export async function submissionFacts(db: Queries, query: SubmissionQuery): Promise<SubmissionFacts> {
  const { logId, recordId, keyId, namespace } = query;
  const [row] = await db.all<SubmissionColumns>(
    `SELECT EXISTS (SELECT 1 FROM record WHERE log_id = $1 AND record_id = $2)::int,
            EXISTS (SELECT 1 FROM withdrawn_content)::int,
            h.package_name, coalesce(n.long_namespace, n.namespace), n.registry, k.key_id, k.public_key, k.permissions
     FROM (SELECT 1) one
     LEFT JOIN log_head h ON h.log_id = $1
     LEFT JOIN log_namespace n ON n.namespace = $3
     LEFT JOIN log_key k ON k.log_id = $1 AND k.key_id = $4`,
    toBlob(logId),
    toBlob(recordId),
    keyOfText(namespace),
    keyId,
  );
  return toSubmissionFacts(row!);
}
