import type { Passing } from '../../errors/user-error.js';
import type { ClientFacts } from '../client-facts.js';

/** Something that can go wrong between kcap and its brokers, and what to do about it. */
export interface KnownCause {
  /** librdkafka's names of the errors that mean it (rd_kafka_err2name). */
  readonly names?: readonly string[];
  /** Where there is no such name: the words of librdkafka, of the broker, of OpenSSL or of MIT's Kerberos. */
  readonly says?: RegExp;
  /** Only for these clients. */
  readonly when?: (facts: ClientFacts, found: string) => boolean;
  /** Where those words say too little; otherwise they are kept. */
  readonly cause?: Text;
  readonly remedy: Text;
  /** Only before anything was connected: the settings of a client at work are right. */
  readonly atStart?: true;
  /** It won't pass: trying again is of no use. */
  readonly final?: true;
  /** Why it may pass, before anything was connected. */
  readonly passes?: Passing;
}

/** `found` is the first group of `says`. */
type Text = string | ((facts: ClientFacts, found: string) => string);
