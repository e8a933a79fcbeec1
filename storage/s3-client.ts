import { lookup as resolveName } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { addressKind, mayReach } from '../domain/egress/address.ts';

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** A bucket, and who speaks for it. */
export interface S3Place {
  /** Where the server answers: http or https, host and port. */
  endpoint: string;
  bucket: string;
  region: string;
  /** Undefined: every request is refused before it is sent. */
  credentials: S3Credentials | undefined;
  /** Whether the host may be one of the own network, this machine included. */
  internal: boolean;
}

/** No connection within this time is no server. */
const CONNECT_MS = 3_000;
/** The first and two repeats, of what failed on the way or in the server. */
const ATTEMPTS = 3;
const MOST_CONNECTIONS = 64;

/** A host that nothing is sent to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/**
 * A client of one server whose requests are bounded and go to addresses that were checked; it asks nobody else for
 * credentials, a region or an address. `destroy` ends it.
 */
export function openS3({ endpoint, region, credentials, internal }: S3Place): S3Client {
  const agent = { keepAlive: true, maxSockets: MOST_CONNECTIONS, lookup: guardedLookup(internal) };
  return new S3Client({
    endpoint,
    region,
    credentials: signing(credentials, () => requireAddress(new URL(endpoint).hostname, internal)),
    forcePathStyle: true,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    // Sums are named where they are wanted: a body is not hashed more often than somebody looks at the result.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      // A reader that is slow to take what came would look like a server that is slow to send it.
      socketTimeout: 0,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    },
  });
}

/** What requests are signed with, asked for before each is sent. */
const signing = (credentials: S3Credentials | undefined, permit: () => void) => async () => {
  permit();
  if (credentials === undefined) throw new CredentialsMissing();
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
};

/** There is nothing to sign requests with. */
export class CredentialsMissing extends Error {
  override readonly name = 'CredentialsMissing';
}

function requireAddress(hostname: string, internal: boolean): void {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0 && !mayReach(addressKind(bare), internal)) throw new AddressRefused();
}

/** One forbidden address among the answers refuses them all; the connection goes to what was checked. */
const guardedLookup =
  (internal: boolean): LookupFunction =>
  (hostname, options, callback) => {
    const all: LookupOptions & { all: true } = { ...options, all: true };
    resolveName(hostname, all, (error, found: LookupAddress[]) => {
      if (error !== null) return callback(error, '');
      const [first] = found;
      if (first === undefined || !found.every(({ address }) => mayReach(addressKind(address), internal)))
        return callback(new AddressRefused(), '');
      if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
