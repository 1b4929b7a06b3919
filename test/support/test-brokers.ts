/**
 * The Kafka cluster of this run: the one that test/run.ts has started, or the one that whoever runs the tests has
 * named. A comma-separated list, as for kcap's -k.
 */
export function testBrokers(): string {
  const brokers = process.env['KCAP_TEST_BROKERS'];
  if (!brokers) {
    throw new Error('KCAP_TEST_BROKERS is not set: run the tests through scripts/test');
  }
  return brokers;
}

/** From now on the rigs of this process talk to this cluster. */
export function useBrokers(brokers: string): void {
  process.env['KCAP_TEST_BROKERS'] = brokers;
}
