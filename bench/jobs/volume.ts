import { type Contender, packs } from '../contenders.js';
import type { Topic } from '../rig/cluster.js';
import { DISTINCT_FRAMES, pcapBytes } from '../rig/frames.js';
import type { Session } from '../session.js';

/** How long traffic lasts, where nothing else is asked for. */
export const USUAL_SECONDS = 5;
const PACKETS_PER_SECOND = 200_000;
/** Large frames make fewer packets, for the disk's sake. */
const MOST_BYTES = 600e6;

/** How many packets are in the topic: what each message of packs says of itself, or else the number of messages. */
export async function arrivedIn(
  topic: Topic,
  { packed }: { readonly packed: boolean },
  contender: Contender,
): Promise<number> {
  return packed && packs(contender) ? topic.packedPackets() : topic.arrived();
}

/** How many packets a file or topic has that is worked off as fast as it goes. */
export function packetCount(
  { seconds = USUAL_SECONDS }: Session,
  { frameBytes }: { readonly frameBytes: number },
): number {
  const most = MOST_BYTES / pcapBytes(1, frameBytes);
  const files = Math.floor(Math.min(PACKETS_PER_SECOND * seconds, most) / DISTINCT_FRAMES);
  return Math.max(1, files) * DISTINCT_FRAMES;
}
