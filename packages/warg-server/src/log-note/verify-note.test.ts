import { digestOf, digestToBytes, encodeUtf8 } from '@warg/crypto';
import { describe, expect, it } from 'vitest';
import { checkpointNote } from './checkpoint-note.ts';
import { generateLogKey } from './log-key.ts';
import { parseLogVerifierKey, verifyNote } from './verify-note.ts';

const key = generateLogKey('registry.test/log');
const verifier = parseLogVerifierKey(key.verifierKey);
const logRoot = digestOf(encodeUtf8('root'));
const { text } = checkpointNote({ logLength: 17, logRoot }, key);
const code = (expected: string) => expect.objectContaining({ name: 'NoteError', code: expected });

describe('a note of the log', () => {
  it('says what was signed', () => {
    const said = { origin: 'registry.test/log', logLength: 17, logRoot: digestToBytes(logRoot) };
    expect(verifyNote(text, verifier)).toEqual(said);
    expect(verifyNote(text, undefined)).toEqual(said);
  });

  it('is refused with any byte changed, and with any left out', () => {
    const bytes = encodeUtf8(text);
    for (let at = 0; at < bytes.length; at++) {
      const changed = new TextDecoder().decode(bytes.with(at, bytes[at]! ^ 1));
      expect(() => verifyNote(changed, verifier)).toThrow(expect.objectContaining({ name: 'NoteError' }));
      const shorter = new TextDecoder().decode(
        Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1)]),
      );
      expect(() => verifyNote(shorter, verifier)).toThrow(expect.objectContaining({ name: 'NoteError' }));
    }
  });

  it.each([
    ['', 'NOTE_MALFORMED'],
    [`${text}\n`, 'NOTE_MALFORMED'],
    [text + text.split('\n\n')[1], 'NOTE_MALFORMED'],
    [text.replace('\n17\n', '\n017\n'), 'NOTE_MALFORMED'],
    [text.replace('\n17\n', '\n18\n'), 'NOTE_SIGNATURE'],
    [text.replaceAll('registry.test/log', 'registry.test/lag'), 'NOTE_SIGNATURE'],
    [checkpointNote({ logLength: 17, logRoot }, generateLogKey('registry.test/log')).text, 'NOTE_SIGNATURE'],
  ])('is not %j', (other, expected) => {
    expect(() => verifyNote(other, verifier)).toThrow(code(expected));
  });
});

describe('the public key of a log', () => {
  it('is read as Go writes it', () => {
    const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    expect(parseLogVerifierKey(vkey)).toMatchObject({
      origin: 'PeterNeumann',
      id: Uint8Array.of(0xc7, 0x4f, 0x20, 0xa3),
    });
  });

  it.each([
    '',
    key.encode(),
    `${key.verifierKey}\n`,
    key.verifierKey.slice(0, -2),
    key.verifierKey.replace('registry', 'regi stry'),
    key.verifierKey.replace('+A', '+B'),
    key.verifierKey.replace('registry', 'registri'),
  ])('is not %j', (changed) => {
    expect(() => parseLogVerifierKey(changed)).toThrow(expect.objectContaining({ name: 'LogKeyError' }));
  });
});
