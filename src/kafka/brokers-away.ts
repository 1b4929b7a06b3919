import { UserError } from '../errors/user-error.js';

/** What librdkafka says where nobody is there, or nobody can be reached: both may pass. */
const AWAY =
  /Connection refused|Connection setup timed out|No route to host|unreachable|^timed out/;

/** None of the brokers can be reached. It may pass: callers that can wait try again. */
export class BrokersAway extends UserError {
  /** Whether that is what librdkafka has said. */
  static isMeantBy(said: string): boolean {
    return AWAY.test(said);
  }
}
