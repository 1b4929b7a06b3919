import type { Properties } from './properties.js';
import { brokersOf, securityOf } from './security.js';

/** What a client was about, for errors that name it and remedies that can be copied. */
export interface ClientFacts {
  readonly properties: Properties;
  readonly topic: string;
  readonly role: 'producer' | 'consumer';
  /** Undefined where the client joins none. */
  readonly group?: string | undefined;
}

/** The command that gives the user what the client needs, as Kafka has it. */
export function grant({ properties, topic, role, group }: ClientFacts): string {
  const { user = 'NAME' } = securityOf(properties);
  // Unless a broker is told otherwise it knows NAME/HOST@REALM as NAME.
  const [name = ''] = user.split(/[/@]/);
  return [
    `kafka-acls.sh --bootstrap-server ${brokersOf(properties)} --add --allow-principal User:${name}`,
    role === 'producer' ? '--producer' : group === undefined ? '--operation Read' : '--consumer',
    `--topic ${topic}`,
    ...(group === undefined ? [] : [`--group ${group}`]),
  ].join(' ');
}
