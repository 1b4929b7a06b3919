// To be loaded on use: the SDK takes a good part of a second.
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import {
  awsMessage,
  clientOptions,
  requestHandler,
  type AwsConnections,
  type AwsKey,
} from './credentials.js';
import { encodedMetadata, isAwsEndpoint, urlOfEndpoint, type S3Place } from './s3-place.js';

const CONNECT_LIMIT_MS = 5_000;
/** Of a connection on which nothing moves. */
const SILENCE_LIMIT_MS = 30_000;

export interface S3Object {
  readonly key: string;
  readonly contentType: string;
  /** Its bytes, in order. */
  readonly chunks: readonly Buffer[];
  /** Kept with the object; what is not ASCII is percent-encoded. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Puts an object there. It tries once; retries are up to the caller. Throws an Error with what AWS said. */
export async function putObject(
  { bucket, region, endpoint, acl, encryption }: S3Place,
  key: AwsKey,
  object: S3Object,
  giveUp: AbortSignal,
  connections?: AwsConnections,
): Promise<void> {
  const own = isAwsEndpoint(endpoint) ? undefined : urlOfEndpoint(endpoint);
  const client = new S3Client({
    region,
    ...clientOptions(key),
    ...(own !== undefined && { endpoint: own, forcePathStyle: true }),
    // Other servers than AWS's don't know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: requestHandler(
      { connectionTimeout: CONNECT_LIMIT_MS, socketTimeout: SILENCE_LIMIT_MS },
      connections,
    ),
  });
  const metadata = Object.entries(object.metadata).map(([name, value]) => [
    name,
    encodedMetadata(value),
  ]);
  try {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: object.key,
        Body: Readable.from(object.chunks, { objectMode: false }),
        ContentLength: object.chunks.reduce((total, { length }) => total + length, 0),
        ContentType: object.contentType,
        Metadata: Object.fromEntries(metadata) as Record<string, string>,
        // The SDK has their names as types; a server of one's own may have others.
        ...(acl !== '' && { ACL: acl as 'private' }),
        ...(encryption && { ServerSideEncryption: 'AES256' }),
      }),
      { abortSignal: giveUp },
    );
  } catch (error) {
    throw new Error(awsMessage(error, key), { cause: error });
  } finally {
    client.destroy();
  }
}
