import type { Cause } from '../errors/cause.js';

/** Why a message was not delivered, by librdkafka's text of the error. */
export function deliveryCause(text: string): Cause {
  const id = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return { id, fate: 'failed', loss: true, text };
}
