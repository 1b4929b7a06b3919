import type { Compression } from '../cases.js';
import type { Properties } from '../contenders.js';
import type { Session } from '../session.js';

/** What a user of any contender would set. */
export function usersProperties({ cluster, properties }: Session): Properties {
  return new Map([['bootstrap.servers', cluster.brokers], ...properties]);
}

/** The same for the sender of a case. */
export function sendersProperties(
  session: Session,
  { compression }: { readonly compression: Compression },
): Properties {
  const properties = new Map(usersProperties(session));
  if (compression !== 'none') properties.set('compression.type', compression);
  return properties;
}
