// Our server against requests that a program which nobody here wrote makes from the server's own description.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey, generatePrivateKey } from '@warg/crypto';
import { runProgram, startOurServer } from '@warg-apps/programs';
import { check } from '../checks.ts';
import { addExamples, type Document } from './document-with-examples.ts';
import { publishPackage } from './publish.ts';

/**
 * What is looked at. Some are off, because there is nothing that they could find:
 * `missing_required_header` (no header is required), `use_after_free` and `ensure_resource_availability` (nothing is
 * deleted, and what is published is there when it is sequenced and not before), `ignored_auth` and
 * `object_level_authorization` (this registry lets everybody read; the server's own tests ask every route of a private one
 * without a token, and with one for something else).
 */
const checks = {
  not_a_server_error: true,
  status_code_conformance: true,
  content_type_conformance: true,
  response_schema_conformance: true,
  response_headers_conformance: true,
  negative_data_rejection: true,
  positive_data_acceptance: true,
  unsupported_method: true,
  allow_header_conformance: true,
  missing_required_header: false,
  use_after_free: false,
  ensure_resource_availability: false,
  ignored_auth: false,
  object_level_authorization: false,
};

// 501 says that another registry is asked for, or content sources that are off, as the reference does. It is no failure.
// What is well-formed may be refused where it is posted: no schema says that a signature is that of a key, that a leaf is a
// head, that a record waits for a content, or that 2.0 is written otherwise than 2. Nor is every range one that a content
// has. To a checkpoint that cannot be, such as one of 2^60 records, `invalid` is an answer.
const settings = `[checks]
${Object.entries(checks)
  .map(([name, isOn]) => `${name}.enabled = ${isOn}`)
  .join('\n')}
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]
positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 416, 429, 501]

[[operations]]
include-operation-id = "verifyCheckpoint"
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false

[[operations]]
include-method = "POST"
checks.positive_data_acceptance.enabled = false
`;

/**
 * @param program schemathesis
 * @param seconds for how long
 */
export async function tryDocument(program: string, work: string, seconds: number): Promise<void> {
  const namespace = 'described';
  const server = await startOurServer({
    work,
    namespace,
    operatorKey: encodePrivateKey(generatePrivateKey()),
    more: ['--data-store', 'memory'],
  });
  try {
    const published = await publishPackage(server.url, `${namespace}:example`);
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Document;
    addExamples(document, published);
    await check(
      'Schemathesis finds no answer of our server that openapi.json does not describe',
      async () => {
        const options = ['--phases', 'examples,coverage,fuzzing', '--max-time', String(seconds)];
        const { code, output } = await run(program, work, server.url, document, options, seconds);
        const summary = /^ +\d+ generated.*$/m.exec(output)?.[0].trim();
        const operations = Number(/Tested: (\d+)/.exec(output)?.[1]);
        if (code !== 0 || summary === undefined || operations !== Object.keys(document.paths).length) {
          throw new Error(`it ended with ${code}\n${output}`);
        }
        console.log(`     ${operations} operations, ${summary} in ${seconds} s`);
      },
    );
    await check('Schemathesis finds what is there, and notices what is not described', async () => {
      const options = ['--phases', 'examples'];
      const { code, output } = await run(
        program,
        work,
        server.url,
        withoutSuccess(document),
        options,
        seconds,
      );
      const found = Number(/Undocumented status code: (\d+)/.exec(output)?.[1]);
      if (code === 0 || !(found >= 10)) throw new Error(`it ended with ${code}\n${output}`);
    });
  } finally {
    await server.program.stop();
  }
}

async function run(
  program: string,
  work: string,
  url: string,
  document: Document,
  options: readonly string[],
  seconds: number,
): Promise<{ readonly code: number; readonly output: string }> {
  const [file, config] = [join(work, 'openapi.json'), join(work, 'schemathesis.toml')];
  writeFileSync(file, JSON.stringify(document));
  writeFileSync(config, settings);
  const args = ['--config-file', config, 'run', file, '--url', url, ...options];
  args.push('--no-shrink', '--continue-on-failure', '--warnings', 'off', '--suppress-health-check', 'all');
  // Far more than it was given: this only ends one that hangs.
  const { code, stdout, stderr } = await runProgram(program, args, {
    cwd: work,
    timeout: seconds * 1000 + 120_000,
  });
  return { code, output: `${stdout.slice(-100_000)}\n${stderr.slice(-2000)}` };
}

/** The document with no answer in it that says yes. */
function withoutSuccess(document: Document): Document {
  const copy = structuredClone(document);
  for (const { responses } of Object.values(copy.paths).flatMap((methods) => Object.values(methods))) {
    for (const status of Object.keys(responses)) if (status.startsWith('2')) delete responses[status];
  }
  return copy;
}
