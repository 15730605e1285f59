// The part of `npm run interop` that makes requests from openapi.json, alone and for as long as one likes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish } from '../checks.ts';
import { schemathesis } from '../programs/python.ts';
import { tryDocument } from './try-document.ts';

const work = mkdtempSync(join(tmpdir(), 'warg-openapi-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
await tryDocument(await schemathesis(), work, Number(process.env['WARG_SCHEMATHESIS_SECONDS'] ?? 25));
finish();
