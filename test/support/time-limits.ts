/**
 * How long kcap may take in a test that others run beside: the promise is stricter, but what breaks it takes longer
 * still.
 */

/** For what happens at once: the drain timeout and the shortest of Kafka's are 10 s. */
export const AT_ONCE_MS = 5000;

/** For a start that fails, which a user is told within 10 s. Without kcap's own limits it takes half a minute or more. */
export const TOLD_WITHIN_MS = 20_000;

/** How many times as long as usual tests wait: more than once where sanitizers slow everything down. */
export const PATIENCE = Number(process.env['KCAP_TEST_PATIENCE'] ?? 1);
