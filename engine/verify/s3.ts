// A lake in S3, or in what is compatible with it. Files are fetched whole; the listing is streamed page by page, with every
// version where the bucket keeps them and these credentials may see them.

import { addressText, parseAddress, type S3Address } from '../s3/address.ts';
import { openClient, type S3Settings } from '../s3/client.ts';
import type { ObjectInfo } from '../s3/objects.ts';
import type { Listed } from './files.ts';
import type { Folder, Lake } from './lake.ts';
import { type Fetched, type Room, S3Reader } from './s3-reader.ts';
import { extraWords, hiddenWords, type VersionGroup, VersionGroups } from './versions.ts';

export class S3Lake implements Lake {
  readonly place: string;
  readonly folder = null;
  /** Told with every file that is read, objects left aside. */
  onFile: (key: string, info: ObjectInfo) => void = () => {};
  readonly #reader: S3Reader;
  #versions: 'listed' | 'denied' | 'never' = 'listed';
  /** Of the objects looked at without being read: how many, and those of which the store knows no checksum or seal. */
  readonly #measured = { objects: 0, noChecksum: 0, noSeal: 0 };

  constructor(reader: S3Reader) {
    this.#reader = reader;
    this.place = addressText(reader.address);
  }

  async exists(): Promise<boolean> {
    await this.#reader.list('', undefined, '/');
    return true;
  }

  async readFile(key: string, maxBytes: number): Promise<Buffer | null> {
    const found = await this.#reader.get(key, maxBytes);
    if (found === null) return null;
    this.onFile(key, found.info);
    return Buffer.from(found.body.buffer);
  }

  async size(key: string): Promise<number | null> {
    return (await this.#reader.head(key))?.bytes ?? null;
  }

  async modifiedMs(key: string): Promise<number | null> {
    return (await this.#reader.head(key))?.modifiedMs ?? null;
  }

  /** An object whose bytes take up `room` for as long as the caller says. */
  fetch(key: string, maxBytes: number, room: Room): Promise<Fetched | null> {
    return this.#reader.get(key, maxBytes, room);
  }

  async measure(key: string): Promise<ObjectInfo | null> {
    const info = await this.#reader.head(key);
    if (info === null) return null;
    this.#measured.objects++;
    if (info.sha256 === null) this.#measured.noChecksum++;
    if (info.metadata['firn-seal'] === undefined) this.#measured.noSeal++;
    return info;
  }

  mayReadRetention(key: string): Promise<boolean> {
    return this.#reader.mayReadRetention(key);
  }

  async list(folder: string): Promise<Folder> {
    const base = folder === '' ? '' : `${folder}/`;
    const folders: string[] = [];
    const files: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#reader.list(base, token, '/');
      for (const { Prefix = '' } of page.CommonPrefixes ?? [])
        folders.push(this.#reader.relative(Prefix).slice(base.length, -1));
      for (const { Key = '' } of page.Contents ?? [])
        files.push(this.#reader.relative(Key).slice(base.length));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return { folders: folders.sort(), files: files.filter((name) => name !== '').sort() };
  }

  async *walk(folder: string): AsyncGenerator<Listed> {
    const base = folder === '' ? '' : `${folder}/`;
    const groups = new VersionGroups();
    let after: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | null = {};
    while (after !== null) {
      const page = await this.#reader.versions(base, after);
      if (page === null) {
        this.#versions = 'denied';
        yield* this.#walkNewest(base);
        return;
      }
      for (const group of groups.page(page)) yield* this.#listed(group);
      after =
        page.IsTruncated === true && page.NextKeyMarker !== undefined
          ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
          : null;
    }
    for (const group of groups.rest()) yield* this.#listed(group);
    if (this.#versions === 'listed' && !groups.any && (await this.#reader.versioning()) === 'never')
      this.#versions = 'never';
  }

  async hidden(key: string): Promise<string | null> {
    const page = await this.#reader.versions(key, {}, 100);
    if (page === null) return null;
    const groups = new VersionGroups();
    const all = [...groups.page(page), ...groups.rest()];
    const own = all.find((group) => this.#reader.relative(group.key) === key);
    return own === undefined ? null : hiddenWords(own);
  }

  notChecked(): readonly string[] {
    if (this.#versions === 'never')
      return [
        'HIDDEN, EXTRA_VERSION: this bucket keeps no versions, so what was overwritten or deleted left no trace',
      ];
    if (this.#versions === 'denied')
      return [
        'HIDDEN, EXTRA_VERSION: these credentials may not list versions (s3:ListBucketVersions), or the store keeps none',
      ];
    return [];
  }

  notQuick(): string {
    const { objects, noChecksum, noSeal } = this.#measured;
    const of = (count: number, what: string): string =>
      count === 0 ? '' : `; for ${count} of ${objects} objects the store keeps no ${what}`;
    return `bytes and lines of objects: they were not downloaded, only sizes, stored checksums and seals in the metadata were compared (--quick)${of(noChecksum, 'SHA-256 of the bytes')}${of(noSeal, 'seal')}`;
  }

  close(): void {
    this.#reader.close();
  }

  async *#walkNewest(base: string): AsyncGenerator<Listed> {
    let token: string | undefined;
    do {
      const page = await this.#reader.list(base, token);
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        const key = this.#reader.relative(Key);
        if (!isFolderMark(key, Size))
          yield { key, regular: true, bytes: Size, mtimeMs: LastModified?.getTime() ?? 0 };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  *#listed(group: VersionGroup): Generator<Listed> {
    const { newest } = group;
    const key = this.#reader.relative(group.key);
    if (newest === null || isFolderMark(key, newest.bytes)) return;
    const versions = { hidden: hiddenWords(group), extra: extraWords(group) };
    yield { key, regular: true, bytes: newest.bytes, mtimeMs: newest.modifiedMs, versions };
  }
}

/** An empty object that a console puts where a folder would be. */
function isFolderMark(key: string, bytes: number): boolean {
  return bytes === 0 && (key === '' || key.endsWith('/'));
}

/**
 * Opens `s3://bucket/prefix`; nothing is asked of the store yet.
 * @throws ConfigError when it is no such address, or no region is told anywhere
 */
export async function openS3Lake(
  url: string,
  settings: S3Settings,
  signal: AbortSignal | undefined,
): Promise<S3Lake> {
  const address: S3Address = parseAddress(url);
  return new S3Lake(new S3Reader(address, await openClient(settings), settings, signal));
}
