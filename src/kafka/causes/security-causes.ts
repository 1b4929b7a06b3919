import type { Properties } from '../properties.js';
import { securityOf } from '../security.js';
import type { KnownCause } from './known-cause.js';

/** First, since the names of files may say anything. */
const FILES: readonly KnownCause[] = [
  {
    says: /key values mismatch/,
    remedy:
      'the key of ssl.key.location is not that of the certificate in ssl.certificate.location',
  },
  {
    says: /^(ssl\.[a-z.]+) failed/,
    remedy: ({ properties }, name) =>
      `check that ${properties.get(name) ?? name} is there, can be read and is in ${name.startsWith('ssl.keystore') ? 'PKCS#12' : 'PEM'}, and the password, should it have one`,
  },
];

const KERBEROS: readonly KnownCause[] = [
  {
    says: /there is no kinit/,
    remedy:
      'kcap takes tickets with it: install krb5-user, or where packages are rpm: krb5-workstation',
  },
  {
    says: /Client '?([^ ']+)'? not found in Kerberos database/,
    remedy: (_, principal) =>
      `check -X sasl.kerberos.principal=${principal}, or have it added (kadmin: addprinc)`,
  },
  {
    says: /Keytab contains no suitable keys/,
    remedy: ({ properties }) =>
      `name a principal whose key it has with -X sasl.kerberos.principal= (klist -k ${keytabOf(properties)} lists them)`,
  },
  {
    says: /Preauthentication failed|Password incorrect|Decrypt integrity check failed/,
    cause: 'the key in the keytab is not the one that the KDC has',
    remedy: ({ properties }) =>
      `the principal has been given a new key since: have ${keytabOf(properties)} written anew (kadmin: ktadd)`,
  },
  {
    says: /Key table (?:file|entry)|key table format|^keytab .* can't be read/i,
    remedy: ({ properties }) =>
      `check -X sasl.kerberos.keytab= (klist -k ${keytabOf(properties)} lists whose keys it has)`,
  },
  {
    says: /Cannot find KDC for realm "?([^ "]+)/,
    remedy: (_, realm) =>
      `check the realm in -X sasl.kerberos.principal=, and that ${krb5Conf()} names a KDC for ${realm}`,
  },
  {
    says: /Cannot (?:contact|resolve)|no answer .*the KDC/,
    passes: 'later',
    remedy: `check that the KDC which ${krb5Conf()} names for the realm runs and can be reached`,
  },
  {
    says: /Clock skew too great/,
    remedy: "set this machine's clock: Kerberos bears a difference of five minutes and no more",
  },
  {
    says: /Server (\S+) not found in Kerberos database/,
    remedy: (_, service) =>
      `if the brokers' principal is not ${service}: its first part is set with -X sasl.kerberos.service.name=, its host is that given with -k`,
  },
  {
    says: /Ticket expired|context has expired|No Kerberos credentials available|No credentials cache found/,
    remedy:
      'take a ticket with kinit, or let kcap do so: -X sasl.kerberos.keytab=FILE -X sasl.kerberos.principal=NAME@REALM',
  },
  {
    says: /missing a GSSAPI module|No worthy mechs found/,
    cause: 'Cyrus SASL lacks its plug-in for Kerberos (GSSAPI)',
    remedy: 'install libsasl2-modules-gssapi-mit, or where packages are rpm: cyrus-sasl-gssapi',
  },
  {
    says: /invalid credentials with SASL mechanism GSSAPI/,
    cause: 'the broker did not accept the Kerberos ticket',
    remedy:
      "its log says why: often its clock or its keytab, or -k names it by another host's name",
  },
];

const SASL: readonly KnownCause[] = [
  {
    says: /invalid credentials with SASL mechanism|Invalid username or password/,
    remedy: ({ properties }) =>
      `check -X sasl.username=${properties.get('sasl.username') ?? ''} and its sasl.password, and that the user has one for this mechanism`,
  },
  {
    says: /Unsupported SASL mechanism: broker's supported mechanisms: (\S+)/,
    remedy: (_, offered) => `choose one that it offers, -X sasl.mechanism=: ${offered}`,
  },
  {
    says: /not valid in current SASL state/,
    cause: 'this listener does not ask who the client is (no SASL)',
    remedy: ({ properties }) =>
      `leave SASL out, -X security.protocol=${securityOf(properties).tls ? 'SSL' : 'PLAINTEXT'}, or name the port of a SASL listener with -k`,
  },
  {
    says: /sasl\.username and sasl\.password must be set/,
    remedy: 'give both; -X @FILE reads them from a file, out of sight of other users',
  },
  {
    says: /^Unsupported SASL mechanism/,
    remedy: 'there are: GSSAPI, PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER',
  },
  {
    says: /OAUTHBEARER/,
    remedy: 'check -X sasl.oauthbearer.…: the token endpoint, the client and its secret',
  },
];

const TLS: readonly KnownCause[] = [
  {
    says: /certificate verify failed/,
    cause: "the broker's certificate could not be verified",
    remedy: 'give the certificate of the authority that signed it: -X ssl.ca.location=FILE',
  },
  {
    says: /alert (?:bad certificate|certificate required|handshake failure|unknown ca|certificate unknown|certificate expired)/,
    remedy: ({ properties }) =>
      ['ssl.certificate.location', 'ssl.certificate.pem', 'ssl.keystore.location'].some((name) =>
        properties.has(name),
      )
        ? "the broker does not take the client's certificate: check who signed it, and its dates"
        : 'the broker wants a certificate of the client: -X ssl.certificate.location=FILE -X ssl.key.location=FILE',
  },
  {
    // A broker that has taken the handshake for a request hangs up.
    says: /connecting to a PLAINTEXT broker listener|wrong version number|packet length too long|SSL connection closed by peer \(after \d+ms in state (?:CONNECT|SSL_HANDSHAKE)/,
    cause: 'no TLS is spoken there',
    remedy: ({ properties }) =>
      `leave TLS out, -X security.protocol=${securityOf(properties).mechanism === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT'}, or name the port of a TLS listener with -k`,
  },
];

/** Of those who are not let in, or not understood: Kerberos, SASL and TLS. */
export const SECURITY_CAUSES = [...FILES, ...KERBEROS, ...SASL, ...TLS];

/** Where MIT's library looks for realms and their KDCs. */
function krb5Conf(): string {
  return process.env['KRB5_CONFIG'] ?? '/etc/krb5.conf';
}

function keytabOf(properties: Properties): string {
  return properties.get('sasl.kerberos.keytab') ?? '';
}
