import { addon } from '../addon/addon.js';
import { UserError } from '../errors/user-error.js';
import type { Properties } from './properties.js';
import { securityOf } from './security.js';

/** What one can do where librdkafka was built without something that its headers were missing for. */
export const REBUILD = "install its headers (README's section Install names them), then kcap again";

/** librdkafka leaves out in silence what it finds no headers for; the names are those of its built-in features. */
const NEEDED = [
  { mechanism: /^GSSAPI$/, feature: 'sasl_gssapi', what: 'Kerberos (GSSAPI)' },
  { mechanism: /^SCRAM-/, feature: 'sasl_scram', what: 'SCRAM' },
  { mechanism: /^OAUTHBEARER$/, feature: 'sasl_oauthbearer', what: 'OAUTHBEARER' },
];

/** Throws a UserError where these properties want a way in that this librdkafka was built without. */
export function requireFeatures(
  properties: Properties,
  features = addon.versions().features.split(','),
): void {
  const { mechanism = '' } = securityOf(properties);
  const missing = NEEDED.find(
    (needed) => needed.mechanism.test(mechanism) && !features.includes(needed.feature),
  );
  if (missing)
    throw new UserError(missing.what, 'librdkafka was built without it', { remedy: REBUILD });
}
