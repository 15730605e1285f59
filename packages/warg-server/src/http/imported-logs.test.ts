import { packageLogId, parsePackageName } from '@warg/protocol';
import { logNotFound } from '@warg/protocol/api';
import { expect, it } from 'vitest';
import type { RegistryCore } from '../registry/registry.ts';
import { ImportedLogs } from './imported-logs.ts';

it('remembers the names that it was told last, up to a size', async () => {
  const namespaceState = async () => ({ state: 'imported', registry: 'far.example' }) as const;
  const imported = new ImportedLogs({ namespaceState } as unknown as RegistryCore);
  const logs = Array.from({ length: 200 }, (_, i) => {
    const name = parsePackageName(
      `far:${'a'.repeat(100_000)}${String.fromCharCode(97 + (i % 26))}x${'b'.repeat(i)}`,
    );
    const logId = packageLogId(name);
    imported.remember(logId, name);
    return logId;
  });
  const hasHint = (logId: (typeof logs)[number]) =>
    imported
      .hinting([logId], undefined, () => Promise.reject(logNotFound(logId)))
      .then(undefined, (error: { headers?: object }) => error.headers !== undefined);
  const hints = await Promise.all(logs.map(hasHint));
  expect(hints.lastIndexOf(false)).toBe(logs.length - 21);
  expect(hints.filter(Boolean)).toHaveLength(20);
});
