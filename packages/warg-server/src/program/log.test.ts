import { describe, expect, it } from 'vitest';
import { createLog, prettyLine } from './log.ts';

const plain = ((_format: unknown, text: string) => text) as typeof import('node:util').styleText;

function logged(isTTY: boolean, write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  write(
    createLog('info', {
      isTTY,
      write: (chunk) => {
        text += chunk;
      },
    }),
  );
  return text;
}

describe('createLog', () => {
  it('writes JSON, a line each, where no person reads', () => {
    const text = logged(false, (log) => log.info({ url: 'http://x' }, 'listening'));
    expect(JSON.parse(text)).toMatchObject({ level: 30, url: 'http://x', msg: 'listening' });
    expect(text.endsWith('\n')).toBe(true);
  });

  it('writes for people on a terminal', () => {
    expect(logged(true, (log) => log.info({ url: 'http://x' }, 'listening'))).toMatch(
      /info.*listening.*url=.*http:\/\/x/,
    );
  });

  it('leaves out what is below its level', () => {
    expect(logged(false, (log) => log.debug({}, 'detail'))).toBe('');
  });

  it('never writes a secret field', () => {
    const text = logged(false, (log) =>
      log.info(
        {
          operatorKey: 'top',
          request: { authorization: 'top', headers: { authorization: 'top' } },
        },
        'x',
      ),
    );
    expect(text).not.toContain('top');
  });
});

describe('prettyLine', () => {
  it('escapes what would move the cursor of a terminal', () => {
    const line = JSON.stringify({ level: 40, time: 0, msg: 'a\u001b[2Jb', path: 'c\nd' });
    expect(prettyLine(line, plain)).toMatch(/^\d\d:\d\d:\d\d warn {2}a\\u001b\[2Jb path=c\\nd\n$/);
  });

  it('puts the stack of an error below', () => {
    const line = JSON.stringify({ level: 50, time: 0, msg: 'm', err: { stack: 'Error: x\n    at y' } });
    expect(prettyLine(line, plain).split('\n')).toHaveLength(4);
  });
});
