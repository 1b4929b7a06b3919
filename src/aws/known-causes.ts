import { tlsRemedy } from '../errors/tls-remedy.js';

const KEY = 'check accessid and accesskey';

/** What to do about an error, by the name that S3 and SQS have for it. Those that pass by themselves are not here. */
const REMEDIES: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: KEY,
  InvalidClientTokenId: KEY,
  UnrecognizedClientException: KEY,
  SignatureDoesNotMatch: KEY,
  InvalidSignatureException: KEY,
  IncompleteSignature: KEY,
  CredentialsProviderError:
    "give accessid and accesskey, or what AWS's own tools find: AWS_ACCESS_KEY_ID, ~/.aws, the machine's role",
  ExpiredToken: 'renew the credentials',
  InvalidToken: 'renew the credentials',
  AccessDenied: 'allow this key to do it (s3:PutObject; s3:PutObjectAcl where an acl is set)',
  AccessDeniedException: 'allow this key to receive and to delete messages of the queue',
  NoSuchBucket: 'make the bucket, or name another one',
  PermanentRedirect: 'give the region that the bucket is in',
  AuthorizationHeaderMalformed: 'give the region that the bucket is in',
  IllegalLocationConstraintException: 'give the region that the bucket is in',
  RequestTimeTooSkewed: 'set the clock of this host',
  AccessControlListNotSupported: 'leave out acl: the bucket has none',
  EntityTooLarge: 'capture less at a time (general.maxbytes)',
  QuotaExceeded: 'make room there',
  XMinioStorageFull: 'make room there',
  QueueDoesNotExist: 'make the queue, or name another one with url',
  'AWS.SimpleQueueService.NonExistentQueue': 'make the queue, or name another one with url',
  ENOTFOUND: 'check the endpoint',
  ECONNREFUSED: 'check the endpoint, and whether its server runs',
};

/** What to do about an error of the SDK's; undefined where nothing is known to help. */
export function remedyFor(error: Error): string | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const own = { address: 'the endpoint', authority: 'NODE_EXTRA_CA_CERTS' };
  return REMEDIES[error.name] ?? REMEDIES[code] ?? tlsRemedy(error, own);
}
