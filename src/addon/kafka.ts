/** A client's properties, as librdkafka names them. */
export type NativeProperties = readonly (readonly [name: string, value: string])[];

/** What a librdkafka client says besides packets. */
export type NativeEvent =
  | {
      readonly kind: 'log';
      readonly level: number;
      readonly facility: string;
      readonly message: string;
    }
  | {
      readonly kind: 'error';
      readonly name: string;
      readonly message: string;
      readonly fatal: boolean;
    }
  | { readonly kind: 'statistics'; readonly json: string }
  /** Deliveries wait to be taken with `takeReports`. */
  | { readonly kind: 'reports' }
  /** Messages failed for a cause that was not seen before, or not for some seconds. */
  | { readonly kind: 'failure' }
  /** Packets that failed for their own sake wait to be taken with `takeRefused`. */
  | { readonly kind: 'refused' };

export interface NativeBroker {
  port(): number;
  createTopic(name: string, partitions: number): void;
  close(): void;
}

/** What librdkafka knows, and what brokers say, beside messages (`native/kafka/`). */
export interface KafkaAddon {
  propertyProblem(name: string, value: string): { unknown: boolean; message: string } | undefined;
  /** Every property that librdkafka lists, and whose it is: of consumers, of producers or of both. */
  properties(): { readonly name: string; readonly client: 'C' | 'P' | '*' }[];
  /** librdkafka's errors: their names, such as _TRANSPORT, and what it says of them. */
  kafkaErrors(): { readonly name: string; readonly description: string }[];
  /** The name of the error that the brokers have for this topic, which is not made; undefined where it is there. */
  topicError(
    properties: NativeProperties,
    topic: string,
    timeoutMs: number,
  ): Promise<string | undefined>;
  /** The topic's settings by their names; the name of the error where the brokers give none. */
  topicSettings(
    properties: NativeProperties,
    topic: string,
    timeoutMs: number,
  ): Promise<Readonly<Record<string, string>> | string>;
  /** Who is in a consumer group, nobody where there is none; the name of the error where the brokers don't say. */
  groupMembers(
    properties: NativeProperties,
    group: string,
    timeoutMs: number,
  ): Promise<readonly { readonly clientId: string; readonly host: string }[] | string>;
  InMemoryBroker: new (port: number) => NativeBroker;
}
