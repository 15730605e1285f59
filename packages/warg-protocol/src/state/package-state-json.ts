import {
  type JsonReader,
  mapOf,
  parseJson,
  readDefaulted,
  readMember,
  readObject,
  readTag,
  readText,
  refuseIllFormed,
  textAs,
  WIRE_ROOT,
  writeMap,
  writeText,
} from '../json/index.ts';
import { PACKAGE_PERMISSIONS } from '../records/package-record.ts';
import { parseVersion } from '../versions/version.ts';
import type { PackageState, Release, ReleaseState } from './package-state.ts';
import {
  MAX_STATE_LENGTH,
  readHash,
  readLogState,
  readRecordId,
  readTimestamp,
  writeKeys,
  writeLogState,
  writeTimestamp,
} from './state-json.ts';

/**
 * Reads a state from the JSON in which the reference stores it. Nothing proves such a state: it is as good as the
 * place where it was kept.
 *
 * @throws DecodeError `INVALID_JSON` | `INVALID_BODY` | `BODY_TOO_LARGE`
 */
export function decodePackageState(text: string | Uint8Array): PackageState {
  return readPackageState(parseJson(text, { maxLength: MAX_STATE_LENGTH }), WIRE_ROOT);
}

const readPackageState: JsonReader<PackageState> = (value, at) => {
  const object = readObject(value, at);
  return {
    ...readLogState(object, at, PACKAGE_PERMISSIONS),
    releases: readDefaulted(
      object,
      'releases',
      at,
      mapOf(textAs('a version', parseVersion), readRelease),
      new Map(),
    ),
  };
};

const readRelease: JsonReader<Release> = (value, at) => {
  const object = readObject(value, at);
  return {
    version: readMember(object, 'version', at, textAs('a version', parseVersion)),
    recordId: readMember(object, 'recordId', at, readRecordId),
    by: readMember(object, 'by', at, readText),
    time: readMember(object, 'timestamp', at, readTimestamp),
    state: readMember(object, 'state', at, readReleaseState),
  };
};

const readReleaseState: JsonReader<ReleaseState> = (value, at) => {
  const object = readObject(value, at);
  refuseIllFormed(object, at);
  const status = readTag(object, 'status', ['released', 'yanked'], at);
  switch (status) {
    case 'released':
      return { status, content: readMember(object, 'content', at, readHash) };
    case 'yanked':
      return {
        status,
        by: readMember(object, 'by', at, readText),
        time: readMember(object, 'timestamp', at, readTimestamp),
      };
  }
};

/**
 * The JSON text in which the reference stores a state.
 *
 * @throws StateError `UNENCODABLE_STATE` if a timestamp lies before the epoch
 */
export function encodePackageState(state: PackageState): string {
  const members = writeLogState(state);
  if (state.releases.size > 0) members.push(`"releases":${writeMap(state.releases, writeRelease)}`);
  return `{${[...members, ...writeKeys(state)].join(',')}}`;
}

function writeRelease({ recordId, version, by, time, state }: Release): string {
  return (
    `{"recordId":${writeText(recordId)},"version":${writeText(version)},"by":${writeText(by)},` +
    `"timestamp":${writeTimestamp(time)},"state":${writeReleaseState(state)}}`
  );
}

function writeReleaseState(state: ReleaseState): string {
  switch (state.status) {
    case 'released':
      return `{"status":"released","content":${writeText(state.content)}}`;
    case 'yanked':
      return `{"status":"yanked","by":${writeText(state.by)},"timestamp":${writeTimestamp(state.time)}}`;
  }
}
