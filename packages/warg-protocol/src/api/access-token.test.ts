import { describe, expect, it } from 'vitest';
import { formatAccessToken, parseAccessToken } from './access-token.ts';

const token = { id: '0123456789abcdef', secret: '5a'.repeat(32) };
const text = formatAccessToken(token);

describe('access tokens', () => {
  it('are read as they were written', () => {
    expect(text).toMatch(/^wargt_0123456789abcdef_(5a){32}_[0-9a-f]{8}$/);
    expect(text).toHaveLength(96);
    expect(parseAccessToken(text)).toEqual(token);
  });

  it.each([
    ['a changed letter of the id', text.replace('0123', '0124')],
    ['a changed letter of the secret', text.replace('_5a', '_5b')],
    ['a changed letter of the check', text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')],
    ['one letter too few', text.slice(0, -1)],
    ['one letter too many', `${text}0`],
    ['capitals', text.toUpperCase()],
    ['a space before it', ` ${text}`],
    ['a line end', `${text}\n`],
    ['another prefix', text.replace('wargt_', 'ghp_')],
    ['nothing', ''],
  ])('refuses %s, without repeating it', (_, changed) => {
    let error: unknown;
    try {
      parseAccessToken(changed);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'INVALID_ACCESS_TOKEN' });
    expect(String(error)).not.toContain('5a5a');
  });
});
