import type { PublishedPackage } from './publish.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  example?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Record<string, unknown>;
  readonly requestBody?: { readonly content: Record<string, { example?: unknown }> };
}

/** As far as it is looked into here. */
export interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
}

/** Puts what a registry really has into its document, so that requests that are made from it find something. */
export function addExamples(
  document: Document,
  { logId, recordId, digest, checkpoint }: PublishedPackage,
): void {
  const { logLength } = (checkpoint as { contents: { logLength: number } }).contents;
  const parameters: Readonly<Record<string, string>> = {
    logId,
    recordId,
    digest,
    provedLog: `${logId}@${logLength}`,
    file: digest.replace(':', '-'),
    start: '0',
    level: '0',
    index: `000.p/${logLength}`,
  };
  const bodies: Readonly<Record<string, unknown>> = {
    fetchLogs: { logLength, limit: 10, packages: { [logId]: null } },
    fetchNames: { packages: [logId] },
    proveInclusion: { logLength, leafs: [logLength - 1] },
    proveConsistency: { from: 1, to: logLength },
    proveAbsence: { logLength, logIds: [`sha256:${'00'.repeat(32)}`] },
    verifyCheckpoint: checkpoint,
  };
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
    for (const parameter of operation.parameters ?? []) {
      const example = parameter.in === 'path' ? parameters[parameter.name] : undefined;
      if (example !== undefined) parameter.example = example;
    }
    const json = operation.requestBody?.content['application/json'];
    const body = bodies[operation.operationId];
    if (json !== undefined && body !== undefined) json.example = body;
  }
}
