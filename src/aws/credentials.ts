import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { remedyFor } from './known-causes.js';

/** What makes the connections of a client, which destroys them at its end. */
export interface AwsConnections {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** An access key of AWS's; both empty: as AWS's own tools find it (environment, files, the machine's role). */
export interface AwsKey {
  readonly accessId: string;
  readonly accessKey: string;
}

const nothing = () => undefined;
/** What the SDK has to say stands in its errors; to the console, which is its way otherwise, it says nothing. */
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What all clients of the SDK have in common. They try once; retries are up to the caller. */
export function clientOptions({ accessId, accessKey }: AwsKey) {
  // It would warn of Node versions that a later one of its own won't support; ours is bundled.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const given = accessId !== '' || accessKey !== '';
  return {
    maxAttempts: 1,
    logger: SILENT,
    ...(given && { credentials: { accessKeyId: accessId, secretAccessKey: accessKey } }),
  };
}

/** How requests go out: through these connections, or the SDK's own. Limits in ms. */
export function requestHandler(
  limits: { readonly connectionTimeout: number; readonly socketTimeout: number },
  connections: AwsConnections | undefined,
) {
  if (connections === undefined) return limits;
  return { ...limits, httpAgent: connections.http, httpsAgent: connections.https };
}

/**
 * What an error of the SDK's says, in a line: AWS's name of it, where there is one, the text, and what to do about it where that
 * is known. Without the key, should it repeat it.
 */
export function awsMessage(error: unknown, key: AwsKey): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message } = error;
  const named = name === 'Error' || message.startsWith(name) ? message : `${name}: ${message}`;
  // A server that is not there has many addresses, and an error for each.
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const text = first instanceof Error && message === '' ? first.message : named;
  const [line = ''] = text.split('\n', 1);
  const remedy = remedyFor(first instanceof Error ? first : error);
  return [key.accessKey, key.accessId]
    .filter((secret) => secret.length >= 6)
    .reduce(
      (shown, secret) => shown.replaceAll(secret, '***'),
      remedy ? `${line}; ${remedy}` : line,
    );
}
