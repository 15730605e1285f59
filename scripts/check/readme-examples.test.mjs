import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readExamples } from './readme-examples.mjs';

const fence = '```';

describe('readExamples', () => {
  it('takes the marked blocks and no others', () => {
    const text = [
      '# A',
      `${fence}js`,
      'no()',
      fence,
      '<!-- run -->',
      '',
      `${fence}ts`,
      'yes()',
      fence,
      '',
    ].join('\n');
    assert.deepEqual(readExamples(text), [{ language: 'ts', code: 'yes()', line: 7 }]);
  });

  it('keeps a mark without a block that can run, so that it fails', () => {
    assert.deepEqual(readExamples('<!-- run -->\nwords\n'), [{ language: '', code: '', line: 1 }]);
    assert.deepEqual(readExamples(`<!-- run -->\n${fence}toml\nx = 1\n${fence}`)[0].language, '');
  });
});
