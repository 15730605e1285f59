import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  equalBytes,
} from './bytes.ts';
import { CryptoError } from './errors.ts';

const bytes = fc.uint8Array({ maxLength: 300 });

describe('hex', () => {
  it('reads what it wrote', () => {
    fc.assert(fc.property(bytes, (b) => equalBytes(decodeHex(encodeHex(b)), b)));
  });

  it.each(['a', 'AB', '0x', ' a', 'é0', 'a\n'])('refuses %j', (text) => {
    expect(() => decodeHex(text)).toThrow(expect.objectContaining({ code: 'INVALID_HEX' }));
  });
});

describe('base64', () => {
  it('reads what it wrote, as Node does', () => {
    fc.assert(
      fc.property(bytes, (b) => {
        expect(encodeBase64(b)).toBe(Buffer.from(b).toString('base64'));
        return equalBytes(decodeBase64(encodeBase64(b)), b);
      }),
    );
  });

  it('accepts one spelling of any bytes and nothing else', () => {
    const alphabet = fc.constantFrom(...'ABab01+/=-_ \n');
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }), (chars) => {
        const text = chars.join('');
        let read: Uint8Array;
        try {
          read = decodeBase64(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CryptoError);
          return;
        }
        expect(encodeBase64(read)).toBe(text);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each(['AB', 'AAA', 'AB==', 'AAB=', '====', 'A===', 'AA=A', 'AA==AAAA', 'AA-_', 'AAA\u0141'])(
    'refuses %j',
    (text) => {
      expect(() => decodeBase64(text)).toThrow(expect.objectContaining({ code: 'INVALID_BASE64' }));
    },
  );

  it('reads a long text', () => {
    const long = new Uint8Array(1_000_000).map((_, i) => i * 7);
    expect(equalBytes(decodeBase64(encodeBase64(long)), long)).toBe(true);
  });
});

describe('UTF-8', () => {
  it('refuses bytes that are no text and keeps a byte order mark', () => {
    expect(() => decodeUtf8(Uint8Array.of(0xff))).toThrow(expect.objectContaining({ code: 'INVALID_UTF8' }));
    expect(decodeUtf8(encodeUtf8('\ufeffa'))).toBe('\ufeffa');
  });
});
