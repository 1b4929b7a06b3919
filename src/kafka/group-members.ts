import { addon } from '../addon/addon.js';
import type { Properties } from './properties.js';
import { controlProperties } from './settings.js';

/** How long the brokers may take to say who is in a group. */
const ASK_LIMIT_MS = 3_000;

/** A member of a consumer group, as its brokers know it. */
export interface GroupMember {
  readonly clientId: string;
  /** Where it connects from. */
  readonly host: string;
}

/** Who is in the group now, nobody where there is no such group; undefined where the brokers don't say. */
export async function groupMembers(
  user: Properties,
  group: string,
): Promise<readonly GroupMember[] | undefined> {
  const properties = [...controlProperties(user)];
  const members = await addon.groupMembers(properties, group, ASK_LIMIT_MS);
  return typeof members === 'string'
    ? undefined
    : members.map(({ clientId, host }) => ({ clientId, host: host.replace(/^\//, '') }));
}
