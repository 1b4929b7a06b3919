import { CONNECTION_CAUSES } from './connection-causes.js';
import type { KnownCause } from './known-cause.js';
import { REQUEST_CAUSES } from './request-causes.js';
import { SECURITY_CAUSES } from './security-causes.js';
import { STANDSTILL_CAUSES } from './standstill-causes.js';

/**
 * Every cause that is known, the first that fits counts. Where librdkafka gives an error's name, it goes by the name; at
 * connecting there are only texts.
 */
export const KNOWN_CAUSES: readonly KnownCause[] = [
  ...SECURITY_CAUSES,
  ...CONNECTION_CAUSES,
  ...REQUEST_CAUSES,
  ...STANDSTILL_CAUSES,
];
