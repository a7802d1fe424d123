// What the in-process S3 answers to each request: the operations that a lake needs, path style, as the S3 API reference
// has them. Anything else is answered 501, so that nothing passes a test by luck.

import { createHash } from 'node:crypto';
import { S3Refusal, type StoredBucket, type StoredLock, type StoredVersion } from './s3-store.ts';

export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** How the store departs from S3, for stores that do less. */
export interface Quirks {
  ignoresIfNoneMatch: boolean;
  ignoresIfMatch: boolean;
  /** Compares `If-Match` with an ETag without quotes, as ceph's radosgw does. */
  wantsBareIfMatch: boolean;
  ignoresChecksums: boolean;
  ignoresContentMd5: boolean;
}

const NOTHING = Buffer.alloc(0);

export function answerTo(
  request: S3Request,
  buckets: Map<string, StoredBucket>,
  quirks: Quirks,
  now: Date,
): S3Answer {
  const { method, key, query } = request;
  const bucket = buckets.get(request.bucket);
  if (bucket === undefined) throw new S3Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
  const operation = `${method}${key === '' ? ' bucket' : ''}${subresource(query)}`;
  switch (operation) {
    case 'HEAD bucket':
      return { status: 200, headers: {}, body: NOTHING };
    case 'GET bucket?list-type':
      return list(bucket, query);
    case 'GET bucket?versions':
      return listVersions(bucket, query);
    case 'GET bucket?versioning':
      return xml(
        'VersioningConfiguration',
        bucket.versioning === null ? '' : tag('Status', bucket.versioning),
      );
    case 'GET bucket?object-lock':
      return lockConfiguration(bucket);
    case 'GET?retention':
      return retention(bucket, request);
    case 'PUT':
      return put(bucket, request, quirks, now);
    case 'GET':
    case 'HEAD':
      return read(bucket, request);
    case 'DELETE':
      return remove(bucket, request, now);
    default:
      throw new S3Refusal(501, 'NotImplemented', `${operation} is not implemented`);
  }
}

/** `?versions` and the like; empty for plain objects. `list-type` comes after all: its listing may be asked for more. */
function subresource(query: URLSearchParams): string {
  const known = [
    'versions',
    'versioning',
    'object-lock',
    'retention',
    'uploads',
    'uploadId',
    'tagging',
    'list-type',
  ];
  const found = known.find((name) => query.has(name));
  return found === undefined ? '' : `?${found}`;
}

function put(bucket: StoredBucket, request: S3Request, quirks: Quirks, now: Date): S3Answer {
  const { key, headers, body } = request;
  const md5 = headers['content-md5'];
  const sha256 = headers['x-amz-checksum-sha256'] ?? null;
  if (md5 !== undefined && !quirks.ignoresContentMd5) {
    if (Buffer.from(md5, 'base64').length !== 16) throw new S3Refusal(400, 'InvalidDigest');
    if (md5 !== digest('md5', body)) throw new S3Refusal(400, 'BadDigest');
  }
  if (sha256 !== null && !quirks.ignoresChecksums && sha256 !== digest('sha256', body))
    throw new S3Refusal(400, 'BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  const there = bucket.current(key);
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = headers;
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw new S3Refusal(501, 'NotImplemented');
  if (ifNoneMatch === '*' && there !== null && !quirks.ignoresIfNoneMatch) throw precondition();
  if (ifMatch !== undefined && !quirks.ignoresIfMatch) {
    if (there === null) throw new S3Refusal(404, 'NoSuchKey');
    const etag = quirks.wantsBareIfMatch ? there.etag.replaceAll('"', '') : there.etag;
    if (etag !== ifMatch) throw precondition();
  }
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = value;
  const size = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > 2048) throw new S3Refusal(400, 'MetadataTooLarge');
  const lock = lockOf(bucket, headers, now);
  if (lock !== null && md5 === undefined && sha256 === null)
    throw new S3Refusal(400, 'InvalidRequest', 'Content-MD5 or a checksum is required for Object Lock');
  const contentType = headers['content-type'] ?? 'binary/octet-stream';
  const version = bucket.put(key, { body, contentType, metadata, sha256, lock }, now);
  const told = { etag: version.etag, ...(sha256 !== null && { 'x-amz-checksum-sha256': sha256 }) };
  return { status: 200, headers: { ...told, ...versionHeader(version) }, body: NOTHING };
}

function lockOf(bucket: StoredBucket, headers: S3Request['headers'], now: Date): StoredLock | null {
  const { 'x-amz-object-lock-mode': mode, 'x-amz-object-lock-retain-until-date': until } = headers;
  if (mode === undefined && until === undefined) return null;
  if (!bucket.objectLock)
    throw new S3Refusal(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const date = new Date(until ?? '');
  if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || !(date > now))
    throw new S3Refusal(400, 'InvalidArgument', 'the mode or the retain until date');
  return { mode, until: date };
}

function read(bucket: StoredBucket, request: S3Request): S3Answer {
  const version = asked(bucket, request);
  const headers: Record<string, string> = {
    etag: version.etag,
    'content-type': version.contentType,
    'last-modified': version.modified.toUTCString(),
    'accept-ranges': 'bytes',
    ...versionHeader(version),
  };
  for (const [name, value] of Object.entries(version.metadata)) headers[`x-amz-meta-${name}`] = value;
  if (version.lock !== null) {
    headers['x-amz-object-lock-mode'] = version.lock.mode;
    headers['x-amz-object-lock-retain-until-date'] = version.lock.until.toISOString();
  }
  if (version.sha256 !== null && request.headers['x-amz-checksum-mode'] === 'ENABLED')
    headers['x-amz-checksum-sha256'] = version.sha256;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers['range'] ?? '');
  if (range === null) return { status: 200, headers, body: version.body };
  const [from, to] = [Number(range[1]), range[2] === '' ? version.body.length - 1 : Number(range[2])];
  if (from >= version.body.length) throw new S3Refusal(416, 'InvalidRange');
  const part = version.body.subarray(from, to + 1);
  headers['content-range'] = `bytes ${from}-${from + part.length - 1}/${version.body.length}`;
  return { status: 206, headers, body: part };
}

function asked(bucket: StoredBucket, { key, query }: S3Request): StoredVersion {
  const versionId = query.get('versionId');
  if (versionId === null) {
    const current = bucket.current(key);
    if (current === null) throw new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
    return current;
  }
  const version = bucket.version(key, versionId);
  if (version === null) throw new S3Refusal(404, 'NoSuchVersion');
  if (version.marker) throw new S3Refusal(405, 'MethodNotAllowed');
  return version;
}

function remove(bucket: StoredBucket, { key, query, headers }: S3Request, now: Date): S3Answer {
  const bypass = headers['x-amz-bypass-governance-retention'] === 'true';
  const removed = bucket.remove(key, query.get('versionId'), now, bypass);
  const told: Record<string, string> = {};
  if (removed !== null && bucket.versioning !== null) told['x-amz-version-id'] = removed.versionId;
  if (removed?.marker === true) told['x-amz-delete-marker'] = 'true';
  return { status: 204, headers: told, body: NOTHING };
}

function retention(bucket: StoredBucket, request: S3Request): S3Answer {
  const { lock } = asked(bucket, request);
  if (!bucket.objectLock)
    throw new S3Refusal(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
  if (lock === null) throw new S3Refusal(404, 'NoSuchObjectLockConfiguration');
  return xml('Retention', tag('Mode', lock.mode) + tag('RetainUntilDate', lock.until.toISOString()));
}

function lockConfiguration({ objectLock, defaultRetention }: StoredBucket): S3Answer {
  if (!objectLock) throw new S3Refusal(404, 'ObjectLockConfigurationNotFoundError');
  const rule =
    defaultRetention === null
      ? ''
      : `<Rule><DefaultRetention>${tag('Mode', defaultRetention.mode)}${tag('Days', String(defaultRetention.days))}</DefaultRetention></Rule>`;
  return xml('ObjectLockConfiguration', tag('ObjectLockEnabled', 'Enabled') + rule);
}

/** ListObjectsV2. A continuation token is the last name that was told, key or common prefix. */
function list(bucket: StoredBucket, query: URLSearchParams): S3Answer {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const most = Number(query.get('max-keys') ?? 1000);
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const rows: { name: string; xml: string }[] = [];
  for (const version of bucket.list(prefix)) {
    const end = delimiter === '' ? -1 : version.key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? version.key : version.key.slice(0, end + delimiter.length);
    if (name <= after || rows.at(-1)?.name === name) continue;
    const row =
      end < 0
        ? `<Contents>${described(version)}</Contents>`
        : `<CommonPrefixes>${tag('Prefix', name)}</CommonPrefixes>`;
    rows.push({ name, xml: row });
  }
  const page = rows.slice(0, most);
  const more = rows.length > page.length;
  const next = more ? tag('NextContinuationToken', page.at(-1)?.name ?? '') : '';
  const head = `${tag('Name', bucket.name)}${tag('Prefix', prefix)}${tag('KeyCount', String(page.length))}${tag('MaxKeys', String(most))}${tag('IsTruncated', String(more))}`;
  return xml('ListBucketResult', `${head}${next}${page.map((row) => row.xml).join('')}`);
}

function listVersions(bucket: StoredBucket, query: URLSearchParams): S3Answer {
  const prefix = query.get('prefix') ?? '';
  const most = Number(query.get('max-keys') ?? 1000);
  const all = bucket.versions(prefix);
  const keyMarker = query.get('key-marker');
  const versionMarker = query.get('version-id-marker');
  let from = 0;
  if (keyMarker !== null) {
    const exact = all.findIndex(
      ({ version }) => version.key === keyMarker && version.versionId === versionMarker,
    );
    from = exact >= 0 ? exact + 1 : all.findIndex(({ version }) => version.key > keyMarker);
    if (from < 0) from = all.length;
  }
  const page = all.slice(from, from + most);
  const more = from + page.length < all.length;
  const last = page.at(-1)?.version;
  const next = more
    ? tag('NextKeyMarker', last?.key ?? '') + tag('NextVersionIdMarker', last?.versionId ?? '')
    : '';
  const rows = page.map(({ version, latest }) => {
    const id = `${tag('VersionId', version.versionId)}${tag('IsLatest', String(latest))}`;
    return version.marker
      ? `<DeleteMarker>${tag('Key', version.key)}${id}${tag('LastModified', version.modified.toISOString())}</DeleteMarker>`
      : `<Version>${described(version)}${id}</Version>`;
  });
  const head = `${tag('Name', bucket.name)}${tag('Prefix', prefix)}${tag('MaxKeys', String(most))}${tag('IsTruncated', String(more))}`;
  return xml('ListVersionsResult', `${head}${next}${rows.join('')}`);
}

function described({ key, modified, etag, body }: StoredVersion): string {
  return `${tag('Key', key)}${tag('LastModified', modified.toISOString())}${tag('ETag', etag)}${tag('Size', String(body.length))}${tag('StorageClass', 'STANDARD')}`;
}

function versionHeader({ versionId }: StoredVersion): Record<string, string> {
  return versionId === 'null' ? {} : { 'x-amz-version-id': versionId };
}

function precondition(): S3Refusal {
  return new S3Refusal(
    412,
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
  );
}

function digest(algorithm: string, body: Buffer): string {
  return createHash(algorithm).update(body).digest('base64');
}

export function xml(root: string, content: string): S3Answer {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: Buffer.from(text) };
}

export function tag(name: string, text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<${name}>${escaped}</${name}>`;
}
