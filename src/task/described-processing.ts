import { LinkFilters } from '../capture/link-filters.js';
import { callSample } from '../language/call-sample.js';
import { compileSipFilter, type SipFilter } from '../language/sip-filter.js';
import type { Stage } from '../pipeline/contracts.js';
import { Filter } from '../stages/filter.js';
import { Sample } from '../stages/sample.js';
import type { FilterProcessor, ProcessorDescription } from './description/processors.js';
import { readPlanFile } from './plan-file.js';
import { readyTaskFilter } from './task-filter.js';

/** What a task's processors do, by what they do it to. */
export interface DescribedProcessing {
  /** What all packets go through. */
  readonly stages: readonly Stage[];
  /** What packets go through besides on their way to reporters of packets. */
  readonly packetStages: () => Stage[];
  /** All of them must match a message. */
  readonly filters: readonly SipFilter[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Readies the processors of a task. A sample is of packets; of messages it is of calls, each whole: where a task has both,
 * one does not change the other.
 *
 * @param findsMessages whether the task has parsers
 */
export async function readyProcessing(
  processors: readonly ProcessorDescription[],
  findsMessages: boolean,
): Promise<DescribedProcessing> {
  const stages: Stage[] = [];
  const filters: SipFilter[] = [];
  const samples: number[] = [];
  const labels: Record<string, string> = {};
  for (const processor of processors)
    switch (processor.name) {
      case 'filter':
        if ('bpf' in processor) stages.push(await packetFilter(processor));
        else filters.push(await messageFilter(processor));
        break;
      case 'sample':
        samples.push(processor.oneOf);
        break;
      case 'plan':
        filters.push(await readPlanFile(processor.file));
        break;
      case 'label':
        Object.assign(labels, processor.labels);
    }
  // One of six is not one of two and one of three: these would agree on which.
  const oneOf = samples.reduce((product, sample) => product * sample, 1);
  const packetStages = () => (oneOf > 1 ? [new Sample(oneOf)] : []);
  if (!findsMessages)
    return { stages: [...stages, ...packetStages()], filters, labels, packetStages: () => [] };
  if (oneOf > 1) filters.push(callSample(oneOf));
  return { stages, filters, labels, packetStages };
}

async function packetFilter({
  bpf,
  drop,
}: Extract<FilterProcessor, { readonly bpf: string }>): Promise<Stage> {
  const expression = await readyTaskFilter(bpf);
  return new Filter(new LinkFilters(drop ? `not (${expression})` : expression));
}

async function messageFilter({
  sip,
  drop,
}: Extract<FilterProcessor, { readonly sip: readonly string[] }>): Promise<SipFilter> {
  const all: SipFilter[] = [];
  for (const text of sip) all.push(await compileSipFilter(text));
  return (message, passage) => all.every((filter) => filter(message, passage)) !== drop;
}
