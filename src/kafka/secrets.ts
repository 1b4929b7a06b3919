import type { Properties } from './properties.js';

const SECRET =
  /password|passphrase|secret|key\.pem|private\.key(?!\.file)|sasl\.jaas|token(?!\.endpoint)|oauthbearer\.config/;

/** True for properties whose value must not be shown. */
export function isSecret(name: string): boolean {
  return SECRET.test(name);
}

/** For logs: the properties with the secret ones hidden. */
export function shownProperties(properties: Properties): Record<string, string> {
  return Object.fromEntries(
    [...properties].map(([name, value]) => [name, isSecret(name) ? '***' : value]),
  );
}

/** A text of somebody else's without the values of secret properties, should it repeat one. */
export function hideSecrets(text: string, properties: Properties): string {
  let hidden = text;
  for (const [name, value] of properties)
    if (isSecret(name)) hidden = hidden.replaceAll(asWord(value), '***');
  return hidden;
}

/** A short value is a secret only where it stands alone: it may be a part of many words. */
function asWord(value: string): RegExp {
  const literal = value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return value.length < 6
    ? new RegExp(`(?<![\\w])${literal || '(?!)'}(?![\\w])`, 'g')
    : new RegExp(literal, 'g');
}
