// The versions of a bucket as a listing tells them, grouped by name. A name may have a version for every checkpoint of a
// year, so a group keeps the newest, the oldest and a count, and only the names at the edge of a page are kept.

import type { ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';

interface Version {
  readonly id: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

interface Marker {
  readonly id: string;
  readonly modifiedMs: number;
}

/** All versions of one name; `key` as the bucket has it. */
export interface VersionGroup {
  readonly key: string;
  /** Versions that have bytes. */
  count: number;
  newest: Version | null;
  oldest: Version | null;
  /** The delete marker that is the newest version of all. */
  marker: Marker | null;
}

export class VersionGroups {
  #open = new Map<string, VersionGroup>();
  /** Whether any version had an ID of its own: only a bucket that keeps versions gives them. */
  any = false;

  /** Takes the next page. @returns the groups that are complete: a listing is in order of names, newest version first. */
  page({ Versions = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput): VersionGroup[] {
    for (const { Key = '', VersionId = 'null', Size = 0, LastModified } of Versions) {
      const group = this.#group(Key);
      const version = { id: VersionId, bytes: Size, modifiedMs: LastModified?.getTime() ?? 0 };
      group.count++;
      group.newest ??= version;
      group.oldest = version;
      this.any ||= VersionId !== 'null';
    }
    for (const { Key = '', VersionId = 'null', IsLatest, LastModified } of DeleteMarkers) {
      const group = this.#group(Key);
      if (IsLatest === true) group.marker = { id: VersionId, modifiedMs: LastModified?.getTime() ?? 0 };
      this.any = true;
    }
    const edge = [Versions.at(-1)?.Key, DeleteMarkers.at(-1)?.Key];
    const complete = [...this.#open.values()].filter(({ key }) => !edge.includes(key));
    for (const { key } of complete) this.#open.delete(key);
    return complete;
  }

  /** After the last page. */
  rest(): VersionGroup[] {
    const rest = [...this.#open.values()];
    this.#open = new Map();
    return rest;
  }

  #group(key: string): VersionGroup {
    let group = this.#open.get(key);
    if (group === undefined) {
      group = { key, count: 0, newest: null, oldest: null, marker: null };
      this.#open.set(key, group);
    }
    return group;
  }
}

const time = (ms: number): string => new Date(ms).toISOString();

/** That a delete marker lies over a version with bytes; null when none does. */
export function hiddenWords({ marker, newest }: VersionGroup): string | null {
  if (marker === null || newest === null) return null;
  return `a delete marker of ${time(marker.modifiedMs)} (version ${marker.id}) hides it; under it lies version ${newest.id} of ${newest.bytes} bytes`;
}

/** That there is more than one version with bytes; null when there is not. */
export function extraWords({ count, newest, oldest }: VersionGroup): string | null {
  if (count < 2 || newest === null || oldest === null) return null;
  return `${count} versions under a name that is written once: the oldest ${oldest.id} of ${time(oldest.modifiedMs)}, the newest ${newest.id} of ${time(newest.modifiedMs)}`;
}
