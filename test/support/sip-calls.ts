import { sipRequest, sipResponse, udpFrame } from './sip-packets.js';

const SIZE = 256;

/** The address of one of many hosts of a net. */
function host(net: string, number: number): string {
  return `${net}.${Math.floor(number / SIZE) % SIZE}.${number % SIZE}`;
}

/** The frames of a call between two hosts of its own, both directions: a request, its response and the end. */
export function callFrames(number: number): Buffer[] {
  const callId = `call-${number}`;
  const there = { from: host('10.1', number), to: host('10.2', number) };
  const back = { from: there.to, to: there.from, fromPort: 5080, toPort: 5060 };
  return [
    udpFrame(sipRequest('INVITE', callId), there),
    udpFrame(sipResponse('200 OK', 'INVITE', callId), back),
    udpFrame(sipRequest('BYE', callId), there),
  ];
}

/** Of so many calls, all at once: first all of their requests. */
export function framesOfCalls(calls: number, first = 0): Buffer[] {
  const all = Array.from({ length: calls }, (_, number) => callFrames(first + number));
  return [0, 1, 2].flatMap((turn) => all.flatMap((frames) => frames[turn] ?? []));
}
