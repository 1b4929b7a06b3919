import { addon } from '../addon/addon.js';
import type { NativeCapture } from '../addon/capture.js';
import { linkOf, packetBatchOf } from '../packet/native-batch.js';
import { ETHERNET, type Link, type PacketBatch, type Precision } from '../packet/packet-batch.js';
import { nearest } from '../errors/nearest.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';
import { filterError } from './capture-filter.js';
import { interfaceNamed, interfaceNames } from './devices.js';
import { linkTypeName } from './link-type.js';
import { WideCounter } from './wide-counter.js';

/** Large enough that a batch costs little, small enough that JavaScript is soon through with its packets. */
const BATCH_BYTES = 1024 * 1024;
/** The same for packs where JavaScript looks at no packet: as much as a busy link brings while a batch waits. */
export const LONG_BATCH_BYTES = 4 * 1024 * 1024;
/** The same for plain messages, since a queue of those takes longer to empty a batch, and for SIP, which is looked at. */
export const PLAIN_BATCH_BYTES = 2 * 1024 * 1024;
/** How long the first packet of a batch waits for others, where there are many. */
const MAX_BATCH_AGE_MS = 50;
/** Stands for the group of captures that the first of them makes. */
const NEW_GROUP = -1;

export interface CaptureOptions {
  /** Name of an interface, or an IP address that it has. */
  readonly interface: string;
  /** Bytes of each packet that are kept. */
  readonly snapLength: number;
  /** Size of the kernel's ring, in MiB: what it can hold while nobody reads. */
  readonly bufferMiB: number;
  readonly promiscuous: boolean;
  readonly precision: Precision;
  /** libpcap's name of the clock that stamps packets (pcap-tstamp(7)); undefined for the usual one. */
  readonly timestampType: string | undefined;
  /** LINKTYPE_ number where the interface has several. */
  readonly linkType: number | undefined;
  /** pcap-filter expression, empty for all packets. */
  readonly filter: string;
  /** Bytes of a batch at most, but for a longer packet. */
  readonly batchBytes?: number | undefined;
  /** Whether the packets of broker connections are left out, this process's and those of every other kcap here. */
  readonly leavesOutKcap: boolean;
}

export interface CaptureCounters {
  /** Packets that the kernel dropped since its ring was full, and that the interface or its driver dropped. */
  readonly droppedKernel: number;
  readonly droppedInterface: number;
  /** Packets that were longer than the snapshot length. */
  readonly cut: number;
  /** Packets that were in the ring when there was no time left for them, and their captured bytes. */
  readonly abandoned: number;
  readonly abandonedBytes: number;
}

/** A running capture on one interface. */
export class LiveCapture {
  readonly interface: string;
  readonly link: Link;
  /** What libpcap remarked while opening, for example that promiscuous mode is not supported. */
  readonly warning: string;
  /** Why another kcap on this host can't know this one's connections, and so captures them; or empty. */
  readonly unknownToOthers: string;
  readonly #native: NativeCapture;
  #filter: string;
  readonly #droppedKernel = new WideCounter();
  readonly #droppedInterface = new WideCounter();

  private constructor(name: string, filter: string, native: NativeCapture) {
    const facts = native.facts();
    this.interface = name;
    this.#filter = filter;
    this.#native = native;
    this.warning = facts.warning;
    this.unknownToOthers = facts.unknownToOthers;
    this.link = linkOf({ ...facts, interface: name });
  }

  /** Begins to capture; throws a UserError that says what is in the way. */
  static open(options: CaptureOptions): LiveCapture {
    return LiveCapture.#open(options);
  }

  /**
   * Begins to capture in a number of captures that share the interface's packets out among them: each packet comes to
   * one of them, and all of a conversation to the same one. Of fragmented TCP, the fragments may come to another one.
   */
  static async openShared(options: CaptureOptions, captures: number): Promise<LiveCapture[]> {
    const opened: LiveCapture[] = [];
    try {
      while (opened.length < captures) opened.push(LiveCapture.join(options, opened[0]?.group));
      for (const capture of opened) capture.begin();
      return opened;
    } catch (error) {
      await Promise.all(opened.map((capture) => capture.close()));
      throw error;
    }
  }

  /**
   * Opens one of the captures that share an interface's packets, which may be in different threads. None gets a packet
   * before it begins: that is to be once all of them have joined.
   *
   * @param group of those that have joined before; undefined for the first
   */
  static join(options: CaptureOptions, group = NEW_GROUP): LiveCapture {
    return LiveCapture.#open(options, group);
  }

  static #open(options: CaptureOptions, fanoutGroup?: number): LiveCapture {
    const name = interfaceNamed(options.interface);
    if (name === undefined) throw noSuchInterface(options.interface);
    try {
      const native = new addon.LiveCapture({
        interface: name,
        snapLength: options.snapLength,
        bufferBytes: options.bufferMiB * 1024 * 1024,
        promiscuous: options.promiscuous,
        nanoseconds: options.precision === 'nano',
        timestampType: options.timestampType,
        linkType: options.linkType,
        filter: options.filter,
        leavesOutKcap: options.leavesOutKcap,
        ...(fanoutGroup !== undefined && { fanoutGroup }),
        batchBytes: options.batchBytes ?? BATCH_BYTES,
        maxBatchAgeMs: MAX_BATCH_AGE_MS,
      });
      return new LiveCapture(name, options.filter, native);
    } catch (error) {
      throw captureError(error, name, options);
    }
  }

  /** Of one that has joined others: their group, a number of the kernel's. */
  get group(): number | undefined {
    return this.#native.facts().fanoutGroup;
  }

  /** All captures of the group have joined it. */
  begin(): void {
    this.#native.begin();
  }

  /** The expression that holds now. */
  get filter(): string {
    return this.#filter;
  }

  /** The next packets; null after the last ones of a stopped capture. Throws where the capture can't go on. */
  async next(): Promise<PacketBatch | null> {
    const batch = await this.#native.next().catch((error: unknown) => {
      throw new UserError(`capture on ${this.interface}`, messageOf(error));
    });
    return batch && packetBatchOf({ ...batch, interface: this.interface });
  }

  /**
   * Takes what another pcap-filter expression lets pass from now on, empty for all packets. Each packet is judged by the
   * filter that holds when it comes, and none is lost meanwhile. Throws a usage error where it makes no sense.
   */
  async setFilter(expression: string): Promise<void> {
    try {
      await this.#native.setFilter(expression);
      this.#filter = expression;
    } catch (error) {
      throw codeOf(error) === 'FILTER'
        ? filterError(expression, this.link.linkType, messageOf(error))
        : new UserError(`filter of ${this.interface}`, messageOf(error));
    }
  }

  /** Ends the capture with the last packet that the kernel has seen until now. */
  stop(): void {
    this.#native.stop();
  }

  /** After stop(): no time is left for the packets of the kernel's ring. They are counted and don't come any more. */
  abandon(): void {
    this.#native.abandon();
  }

  /** What there was besides packets since the start. To be asked before 32 bits are full: each second will do. */
  counters(): CaptureCounters {
    const { droppedKernel, droppedInterface, ...counters } = this.#native.counters();
    return {
      ...counters,
      droppedKernel: this.#droppedKernel.at(droppedKernel),
      droppedInterface: this.#droppedInterface.at(droppedInterface),
    };
  }

  async close(): Promise<void> {
    await this.#native.close();
  }
}

function captureError(error: unknown, name: string, options: CaptureOptions): unknown {
  const what = `capture on ${name}`;
  switch (codeOf(error)) {
    case 'NO_SUCH_DEVICE':
      return noSuchInterface(options.interface);
    case 'PERM_DENIED':
      return new UserError(what, 'no permission to capture', {
        remedy:
          'run it as root, or let this node capture: sudo setcap cap_net_raw,cap_net_admin+ep "$(readlink -f "$(command -v node)")"',
      });
    case 'IFACE_NOT_UP':
      return new UserError(what, 'the interface is down', {
        remedy: `bring it up: sudo ip link set ${name} up`,
      });
    case 'LINKTYPE':
      return new UserError(
        what,
        `it has no link type ${linkTypeName(options.linkType ?? ETHERNET)}`,
        {
          remedy: `it has: ${messageOf(error)}`,
          exitStatus: 2,
        },
      );
    case 'TIMESTAMP_TYPE':
      return new UserError(what, `it has no time stamp type ${options.timestampType ?? ''}`, {
        remedy: `it has: ${messageOf(error)}`,
        exitStatus: 2,
      });
    case 'PRECISION':
      return new UserError(what, 'it has no nanoseconds', {
        remedy: 'leave out --time-stamp-precision',
        exitStatus: 2,
      });
    case 'FILTER':
      return filterError(options.filter, options.linkType ?? ETHERNET, messageOf(error));
    case 'FANOUT':
      return new UserError(what, `its packets can't be shared among workers: ${messageOf(error)}`, {
        remedy: 'leave out --workers',
      });
    case 'CAPTURE':
      return new UserError(what, messageOf(error));
    default:
      return error;
  }
}

function noSuchInterface(asked: string): UserError {
  const names = interfaceNames();
  const meant = nearest(asked, names);
  return new UserError(`capture on ${asked}`, 'no such interface', {
    remedy: `${meant === undefined ? 'there' : `did you mean ${meant}? There`} are: ${names.join(', ')} ('kcap devices' says more)`,
  });
}
