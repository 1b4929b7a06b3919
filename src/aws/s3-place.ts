/**
 * Where in S3, or a server that speaks like it, objects go. All of it may come from strangers' messages, so each part is
 * checked before it gets into a URL: the checks say what is wrong, or undefined.
 */
export interface S3Place {
  readonly bucket: string;
  /** What keys begin with, without slashes at either end; empty for none. */
  readonly folder: string;
  readonly region: string;
  /** HOST[:PORT], with or without http:// or https://; empty for AWS itself. */
  readonly endpoint: string;
  /** One of CANNED_ACLS; empty for the bucket's own. */
  readonly acl: string;
  /** Whether the server encrypts objects (AES256). */
  readonly encryption: boolean;
}

/** The names of access control lists that S3 knows. */
export const CANNED_ACLS = [
  ...['private', 'public-read', 'public-read-write', 'authenticated-read'],
  ...['aws-exec-read', 'bucket-owner-read', 'bucket-owner-full-control', 'log-delivery-write'],
] as const;

/** Bytes of a key, as S3 counts them; leaves room for a file's name. */
const LONGEST_FOLDER = 700;

export function bucketProblem(bucket: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket) && !bucket.includes('..')
    ? undefined
    : 'not the name of a bucket (3 to 63 letters, digits, dots and hyphens)';
}

/** A path of `..` would leave the bucket wherever a URL is normalized. */
export function folderProblem(folder: string): string | undefined {
  const segments = withoutSlashes(folder).split('/');
  if (folder === '') return undefined;
  if (Buffer.byteLength(folder) > LONGEST_FOLDER) return `longer than ${LONGEST_FOLDER} bytes`;
  if (/[\p{Control}\p{Surrogate}\\]/u.test(folder))
    return 'control characters and backslashes are not allowed';
  return segments.some((segment) => ['', '.', '..'].includes(segment))
    ? "names between slashes may not be empty, '.' or '..'"
    : undefined;
}

export function regionProblem(region: string): string | undefined {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(region) && region.length <= 32
    ? undefined
    : 'not the name of a region, such as us-east-1';
}

export function endpointProblem(endpoint: string): string | undefined {
  return urlOfEndpoint(endpoint)
    ? undefined
    : 'not HOST[:PORT], with or without http:// or https://';
}

export function aclProblem(acl: string): string | undefined {
  return (CANNED_ACLS as readonly string[]).includes(acl)
    ? undefined
    : `none of ${CANNED_ACLS.join(', ')}`;
}

/** The key of a file in the folder; never with a slash at its beginning. */
export function keyOf(folder: string, name: string): string {
  const trimmed = withoutSlashes(folder);
  return trimmed === '' ? name : `${trimmed}/${name}`;
}

/** An endpoint of AWS's own, for which the SDK knows the region's address. */
export function isAwsEndpoint(endpoint: string): boolean {
  return endpoint === '' || /^(https:\/\/)?s3([.-][a-z0-9-]+)?\.amazonaws\.com\/?$/.test(endpoint);
}

/** The endpoint as a URL without path, https unless it says otherwise; undefined where it is none. */
export function urlOfEndpoint(endpoint: string): string | undefined {
  const [, scheme = 'https', authority = ''] =
    /^(?:(https?):\/\/)?((?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)\/?$/.exec(endpoint) ??
    [];
  if (authority === '' || authority.length > 255) return undefined;
  const url = `${scheme}://${authority}`;
  return URL.canParse(url) ? url : undefined;
}

/** Metadata are headers, which are ASCII. */
export function encodedMetadata(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]+/g, (part) => encodeURIComponent(part));
}

function withoutSlashes(folder: string): string {
  return folder.replace(/^\//, '').replace(/\/$/, '');
}
