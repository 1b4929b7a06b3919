import { Counter, Gauge, Histogram as PrometheusHistogram, Registry } from 'prom-client';
import type { Histogram } from '../pipeline/histogram.js';
import { registerProcess } from './process-metrics.js';
import {
  METRICS,
  type Measured,
  type MetricDefinition,
  type Sample,
} from './metric-definitions.js';

/** Metrics for Prometheus, each read when it is asked for. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #measure: () => Measured;
  /** What is measured, once a scrape. */
  #measured: Measured | undefined;

  /**
   * @param prefix what names begin with, but for those of the process, which all programs share
   * @param measure says how the agent is doing
   */
  constructor(prefix: string, measure: () => Measured) {
    this.#measure = measure;
    for (const definition of METRICS) this.#register(`${prefix}_${definition.name}`, definition);
    registerProcess(this.#registry);
  }

  /** In Prometheus' text format. */
  async read(): Promise<{ readonly type: string; readonly text: string }> {
    this.#measured = this.#measure();
    const text = await this.#registry.metrics();
    return { type: this.#registry.contentType, text };
  }

  #register(name: string, definition: MetricDefinition): void {
    const { help, labels } = definition;
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
    const now = () => (this.#measured ??= this.#measure());
    if (definition.kind === 'histogram') {
      new ReadHistogram(options, () => definition.read(now()));
      return;
    }
    const samples = () => definition.read(now());
    if (definition.kind === 'gauge')
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const sample of samples()) this.set(sample.labels, sample.value);
        },
      });
    else
      new Counter({
        ...options,
        collect() {
          this.reset();
          for (const sample of samples()) this.inc(sample.labels, sample.value);
        },
      });
  }
}

/** A histogram whose values are counted elsewhere. */
class ReadHistogram extends PrometheusHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #read: () => Iterable<Sample<Histogram>>;

  constructor(
    options: ConstructorParameters<typeof PrometheusHistogram>[0],
    read: () => Iterable<Sample<Histogram>>,
  ) {
    super(options);
    this.#name = options.name;
    this.#help = options.help;
    this.#read = read;
  }

  /** What the registry asks for, and the class's own get() is made of. */
  getForPromString() {
    const values = [...this.#read()].flatMap((sample) => seriesOf(this.#name, sample));
    return Promise.resolve({ name: this.#name, help: this.#help, type: 'histogram', values });
  }
}

/** The series of a histogram: how many values lay up to each bound, their sum and their number. */
function seriesOf(name: string, { labels, value: { bounds, counts, sum } }: Sample<Histogram>) {
  let count = 0;
  const buckets = [...counts].map((added, index) => {
    count += added;
    const le = bounds[index] ?? '+Inf';
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
