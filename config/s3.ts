import type { z } from 'zod';
import { ConfigError } from './config-error.ts';
import type { Environment } from './read-variables.ts';
import type { variables } from './variables.ts';

/** The keys of an S3 account. The object keeps its secrets out of logs and JSON. */
export class S3Keys {
  readonly accessKeyId: string;
  readonly #secret: string;
  readonly #token: string | undefined;

  constructor(accessKeyId: string, secret: string, token: string | undefined) {
    this.accessKeyId = accessKeyId;
    this.#secret = secret;
    this.#token = token;
  }

  get secretAccessKey(): string {
    return this.#secret;
  }

  get sessionToken(): string | undefined {
    return this.#token;
  }
}

/** The bucket of the blobs. */
export type S3Env = Readonly<{
  endpoint: string;
  bucket: string;
  region: string;
  /** Undefined: the server starts, says that they are missing, and every blob is refused. */
  credentials: S3Keys | undefined;
  /** The start names the server, so it may be of the own network. */
  internal: true;
  retention: Readonly<{ mode: 'GOVERNANCE' | 'COMPLIANCE'; days: number }> | undefined;
}>;

type Read = Pick<
  z.output<z.ZodObject<typeof variables>>,
  'INTERLOCK_BLOB_BACKEND' | 'INTERLOCK_S3_ENDPOINT_URL' | 'INTERLOCK_S3_BUCKET' | 'INTERLOCK_S3_RETENTION'
>;

/**
 * Server and bucket by our variables, region and keys by those that every S3 client reads. A bucket that is named beside
 * `fs` would be taken for the place of the blobs by whoever set it, so it is refused.
 * @throws ConfigError `missing`, `refused`
 */
export function readS3(read: Read, environment: Environment): S3Env | undefined {
  const { INTERLOCK_BLOB_BACKEND: backend, INTERLOCK_S3_ENDPOINT_URL: endpoint, INTERLOCK_S3_BUCKET: bucket } = read;
  const { INTERLOCK_S3_RETENTION: retention } = read;
  if (backend === 'fs') {
    for (const [name, value] of Object.entries(read))
      if (name.startsWith('INTERLOCK_S3_') && value !== undefined)
        throw new ConfigError('refused', name, 'is set though INTERLOCK_BLOB_BACKEND is not s3');
    return undefined;
  }
  if (endpoint === undefined) throw absent('INTERLOCK_S3_ENDPOINT_URL');
  if (bucket === undefined) throw absent('INTERLOCK_S3_BUCKET');
  const region = given(environment, 'AWS_REGION') ?? 'us-east-1';
  return Object.freeze({
    endpoint,
    bucket,
    region,
    credentials: keys(environment),
    internal: true as const,
    retention,
  });
}

function keys(environment: Environment): S3Keys | undefined {
  const id = given(environment, 'AWS_ACCESS_KEY_ID');
  const secret = given(environment, 'AWS_SECRET_ACCESS_KEY');
  return id === undefined || secret === undefined
    ? undefined
    : new S3Keys(id, secret, given(environment, 'AWS_SESSION_TOKEN'));
}

/** What is set but empty is not set, for the clients that these names are of. */
function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === '' ? undefined : value;
}

const absent = (name: string): ConfigError =>
  new ConfigError('missing', name, 'is not set though INTERLOCK_BLOB_BACKEND is s3');
