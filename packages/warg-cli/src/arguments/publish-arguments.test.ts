import { describe, expect, it } from 'vitest';
import { refuseVersion, requireVersion, takePackage } from './publish-arguments.ts';

const usage = expect.objectContaining({ code: 'USAGE' });

describe('takePackage', () => {
  it('takes the package from the first argument', () => {
    expect(takePackage(['example:hello@1.0.0', 'hello.wasm'], undefined, ['PATH'])).toEqual({
      name: 'example:hello',
      version: '1.0.0',
      rest: ['hello.wasm'],
    });
  });

  it('takes it from --name as the reference does, and then all arguments are what follows', () => {
    expect(takePackage(['hello.wasm', undefined], 'example:hello', ['PATH'])).toEqual({
      name: 'example:hello',
      version: undefined,
      rest: ['hello.wasm'],
    });
    expect(takePackage([undefined], 'example:hello')).toMatchObject({ name: 'example:hello', rest: [] });
  });

  it('refuses too few and too many', () => {
    expect(() => takePackage([undefined], undefined)).toThrow(usage);
    expect(() => takePackage(['example:hello', undefined], undefined, ['PATH'])).toThrow(usage);
    expect(() => takePackage([undefined, undefined], 'example:hello', ['PATH'])).toThrow(usage);
    expect(() => takePackage(['example:hello', 'hello.wasm'], 'example:hello', ['PATH'])).toThrow(usage);
    expect(() => takePackage(['example:hello'], 'example:hello')).toThrow(usage);
  });
});

describe('requireVersion', () => {
  const named = { name: 'example:hello', version: '1.0.0', rest: [] };
  const bare = { ...named, version: undefined };

  it('takes it from the option or the package', () => {
    expect(requireVersion(named, undefined)).toBe('1.0.0');
    expect(requireVersion(bare, '1.0.0')).toBe('1.0.0');
    expect(requireVersion(named, '1.0.0')).toBe('1.0.0');
  });

  it('refuses none, two that differ, and what is no version', () => {
    expect(() => requireVersion(bare, undefined)).toThrow(usage);
    expect(() => requireVersion(named, '2.0.0')).toThrow(usage);
    expect(() => requireVersion(bare, '^1')).toThrow(usage);
  });

  it('is refused where none belongs', () => {
    expect(() => refuseVersion(named)).toThrow(usage);
    expect(() => refuseVersion(bare)).not.toThrow();
  });
});
