const LEAVE_OUT = 'leave it out: librdkafka needs none';

/** How librdkafka names what Kafka's Java client has under another name, or not at all. */
const INSTEAD: readonly (readonly [java: RegExp, instead: string])[] = [
  [
    /^ssl\.truststore\./,
    'use ssl.ca.location, a file in PEM (from a Java key store: keytool -exportcert -rfc)',
  ],
  [
    /^ssl\.keystore\.(?!location$|password$)/,
    'use ssl.certificate.location and ssl.key.location, files in PEM, or ssl.keystore.location for PKCS#12',
  ],
  [
    /^sasl\.jaas\.config$/,
    'use sasl.username and sasl.password, or for Kerberos sasl.kerberos.keytab and sasl.kerberos.principal',
  ],
  [
    /^sasl\.(?:login|client)\.|^sasl\.oauthbearer\.(?:scope|sub|jwks)\./,
    'use sasl.oauthbearer.method=oidc with sasl.oauthbearer.token.endpoint.url, .client.id and .client.secret',
  ],
  [
    /^sasl\.kerberos\.(?:ticket|min\.time\.before\.login)/,
    'use sasl.kerberos.min.time.before.relogin, in ms',
  ],
  [/^ssl\.(?:protocol|provider|enabled\.protocols|(?:trust|key)manager\.algorithm)$/, LEAVE_OUT],
  [/^(?:key|value)\.(?:de)?serializer$/, LEAVE_OUT],
  [/^(?:max\.poll\.records|max\.block\.ms|default\.api\.timeout\.ms)$/, LEAVE_OUT],
  [/^partitioner\.class$/, 'use partitioner, or --partition-by'],
  [/^buffer\.memory$/, 'use queue.buffering.max.kbytes'],
  [/^max\.request\.size$/, 'use message.max.bytes'],
  [/^fetch\.max\.wait\.ms$/, 'use fetch.wait.max.ms'],
  [
    /^(?:receive|send)\.buffer\.bytes$/,
    'use socket.receive.buffer.bytes, socket.send.buffer.bytes',
  ],
];

/** What to do instead of setting a property of Kafka's Java client; undefined where it is not known as one. */
export function insteadOfJava(name: string): string | undefined {
  return INSTEAD.find(([java]) => java.test(name))?.[1];
}
