import { addon } from '../addon/addon.js';
import type { NativeFilter } from '../addon/capture.js';
import { MAX_SNAP_LENGTH } from '../packet/packet-batch.js';

/**
 * A pcap-filter expression for packets of any link types, compiled for each on a thread of its own: strangers choose
 * the link types of a topic, a long expression takes seconds to compile, and host names are looked up.
 */
export class LinkFilters {
  readonly #expression: string;
  readonly #compiled = new Map<number, NativeFilter | undefined>();

  constructor(expression: string) {
    this.#expression = expression;
  }

  /** Whether of() can say what there is for a link type; prepare() sees to it. */
  has(linkType: number): boolean {
    return this.#compiled.has(linkType);
  }

  async prepare(linkType: number): Promise<void> {
    const compiled = await addon.CaptureFilter.compile(
      this.#expression,
      linkType,
      MAX_SNAP_LENGTH,
    ).catch(() => undefined);
    this.#compiled.set(linkType, compiled);
  }

  /** The filter for packets of a link type; undefined where the expression makes no sense for them. */
  of(linkType: number): NativeFilter | undefined {
    return this.#compiled.get(linkType);
  }
}
