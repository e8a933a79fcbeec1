import type { S3Credentials, S3Place } from './s3-client.ts';

/** A bucket, and the folder in it that a destination's archives are in. */
export interface S3Folder extends S3Place {
  /** Empty, or ends in a slash. */
  prefix: string;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** What `https://host/bucket/folder…` names; undefined where the path is no bucket with a plain folder. */
export function s3FolderOf(
  url: string,
  { credentials, internal, region = 'us-east-1' }: Pick<S3Place, 'credentials' | 'internal'> & { region?: string },
): S3Folder | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(url);
  if (!/^https?:$/.test(protocol) || `${search}${hash}${username}${password}` !== '') return undefined;
  const [bucket = '', ...folders] = pathname.replace(/^\//, '').replace(/\/$/, '').split('/');
  if (!BUCKET.test(bucket) || !folders.every((folder) => SEGMENT.test(folder))) return undefined;
  const prefix = folders.map((folder) => `${folder}/`).join('');
  return { endpoint: origin, bucket, prefix, region, credentials, internal };
}

/** Keys as one secret holds them: `ACCESS_KEY_ID:SECRET_ACCESS_KEY`, or with `:SESSION_TOKEN`; undefined for anything else. */
export function s3KeysOf(secret: string): S3Credentials | undefined {
  const [accessKeyId = '', secretAccessKey = '', sessionToken, ...more] = secret.trim().split(':');
  if (accessKeyId === '' || secretAccessKey === '' || sessionToken === '' || more.length > 0) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken };
}
