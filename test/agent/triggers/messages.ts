import type { CaptureBounds } from '#kcap/agent/triggers/capture-request.js';
import type { MessageContext } from '#kcap/agent/triggers/capture-message.js';

/** Those of pcapdaemon's example. */
export const BOUNDS: CaptureBounds = {
  maxPackets: 50_000,
  maxBytes: 100_000_000,
  maxDurationMs: 3_600_000,
  maxTimeoutMs: 3_600_000,
  defaultTimeoutMs: 10_000,
  snapLength: 500,
};

export const CONTEXT: MessageContext = {
  host: 'fw-1.fra',
  bounds: BOUNDS,
  aliases: new Map([
    ['main', ['eth0']],
    ['public', ['eth0', 'eth1']],
    ['local', ['lo']],
  ]),
};

/** The message of pcapdaemon's README, word for word: it sets both of two pairs, and its filter is none. */
export const PRINTED = `{
    "node": "node name",
    "nodere": "node regex",
    "interface": ["bond1","bond2"],
    "alias": ["local","public"],
    "tags": "blah,tagme,stuff",
    "bpf": "dst ip 10.0.0.1",
    "customer": "importantcustomer",
    "snap": 1500,
    "packets": 50,
    "alertid": 655443,
    "timeout": 15,
    "duration": 60,
    "bytes": 1000,
    "packetdebug":false,
    "folder": "myfolder",
    "bucket": "mybucket",
    "acl": "public-read",
    "region": "us-east-1",
    "endpoint": "s3.amazonaws.com",
    "encryption": false
}`;

/** A message for this host, on eth0, changed. */
export function message(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ node: 'any', interface: ['eth0'], ...changes });
}
