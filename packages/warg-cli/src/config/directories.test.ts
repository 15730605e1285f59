import { expect, it } from 'vitest';
import { platformDirectories } from './directories.ts';

const linux = { platform: 'linux', homeDirectory: '/home/me' } as const;

it('uses the XDG folders', () => {
  const variables = { XDG_CONFIG_HOME: '/xdg/config', XDG_CACHE_HOME: '/xdg/cache' };
  expect(platformDirectories({ ...linux, variables })).toEqual({
    config: '/xdg/config',
    cache: '/xdg/cache',
  });
});

it('falls back to the folders of the XDG specification, also for variables that are relative or empty', () => {
  const fallback = { config: '/home/me/.config', cache: '/home/me/.cache' };
  expect(platformDirectories({ ...linux, variables: {} })).toEqual(fallback);
  expect(
    platformDirectories({ ...linux, variables: { XDG_CONFIG_HOME: 'here', XDG_CACHE_HOME: '' } }),
  ).toEqual(fallback);
});

it('uses the Library on macOS, whatever XDG says', () => {
  expect(
    platformDirectories({
      platform: 'darwin',
      homeDirectory: '/Users/me',
      variables: { XDG_CONFIG_HOME: '/xdg/config' },
    }),
  ).toEqual({ config: '/Users/me/Library/Application Support', cache: '/Users/me/Library/Caches' });
});

it('uses the application data on Windows', () => {
  const windows = { platform: 'win32', homeDirectory: 'C:\\Users\\me' } as const;
  expect(platformDirectories({ ...windows, variables: { APPDATA: 'R:\\', LOCALAPPDATA: 'L:\\' } })).toEqual({
    config: 'R:\\',
    cache: 'L:\\',
  });
  expect(platformDirectories({ ...windows, variables: {} })).toEqual({
    config: 'C:\\Users\\me\\AppData\\Roaming',
    cache: 'C:\\Users\\me\\AppData\\Local',
  });
});
