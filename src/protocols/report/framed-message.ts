interface KafkaMessage {
  readonly key: string;
  readonly value: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Since 1970. */
  readonly timestampMs: number;
}

/** A message with a key, headers and a timestamp of its own as Kafka's producer takes it (native/wire/framed_message.h). */
export function framedMessage({ key, value, headers = [], timestampMs }: KafkaMessage): Buffer {
  const [keyBytes, valueBytes] = [Buffer.from(key), Buffer.from(value)];
  const framed = headers.map(([name, of]) => framedHeader(name, of));
  const prefix = Buffer.alloc(24);
  const message = Buffer.concat([prefix, keyBytes, valueBytes, ...framed]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt32LE(keyBytes.length, 4);
  message.writeUInt32LE(valueBytes.length, 8);
  message.writeUInt32LE(headers.length, 12);
  message.writeBigInt64LE(BigInt(timestampMs), 16);
  return message;
}

/** A header as it stands in such a message. */
export function framedHeader(name: string, value: string): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(nameBytes.length, 0);
  prefix.writeUInt32LE(valueBytes.length, 4);
  return Buffer.concat([prefix, nameBytes, valueBytes]);
}
