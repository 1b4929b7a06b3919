import type { SipFilter } from './sip-filter.js';

/**
 * Keeps one of so many calls, each whole: the Call-ID decides, so that machines which see parts of a call agree on it.
 * Messages without one are kept.
 */
export function callSample(oneOf: number): SipFilter {
  return (message) => {
    message.readHeaders();
    const { bytes, callId } = message;
    let hash = 0;
    for (let at = callId.start; at < callId.end; at++)
      hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    // Bits that are high in the product depend on all of the sum's.
    return (Math.imul(hash, 0x9e37_79b1) >>> 8) % oneOf === 0;
  };
}
