/** One stream of media of a session description: where its sender wants to get it. */
export interface Media {
  /** As the description has it: an IP address, or the name of a host. */
  readonly address: string;
  readonly port: number;
  readonly rtcpAddress: string;
  /** The port itself where RTCP shares it. */
  readonly rtcpPort: number;
  readonly sharesPort: boolean;
  /** Of each payload type that the description names, such as `PCMU/8000`. */
  readonly codecs: ReadonlyMap<number, string>;
}

const MOST_MEDIA = 64;

/**
 * The streams that a session description (RFC 4566) offers over RTP: `c=`, `m=`, `a=rtpmap`, `a=rtcp` (RFC 3605) and
 * `a=rtcp-mux` (RFC 5761). Those that are refused (port 0) are left out. What can't be understood is passed over.
 */
export function mediaOf(sdp: string): Media[] {
  let sessionAddress = '';
  let current: OpenMedia | undefined;
  const media: OpenMedia[] = [];
  for (const line of sdp.split('\n')) {
    const value = line.slice(2).trim();
    if (line[1] !== '=') continue;
    switch (line[0]) {
      case 'c':
        if (current) current.address = connectionAddress(value);
        else sessionAddress = connectionAddress(value);
        break;
      case 'm':
        if (media.length === MOST_MEDIA) return media.map(closed);
        current = openMedia(value, sessionAddress);
        if (current) media.push(current);
        // What follows belongs to a stream that is left out.
        else current = { ...NONE };
        break;
      case 'a':
        if (current) readAttribute(current, value);
    }
  }
  return media.map(closed);
}

interface OpenMedia {
  address: string;
  port: number;
  rtcpAddress: string;
  rtcpPort: number;
  sharesPort: boolean;
  codecs: Map<number, string>;
}

const NONE: OpenMedia = {
  address: '',
  port: 0,
  rtcpAddress: '',
  rtcpPort: 0,
  sharesPort: false,
  codecs: new Map(),
};

/** `IN IP4 192.0.2.1`; a multicast address may have a time to live behind it. */
function connectionAddress(value: string): string {
  return (value.split(/\s+/)[2] ?? '').split('/')[0] ?? '';
}

/** `audio 49170 RTP/AVP 0 8`; undefined where it is refused, or not RTP. */
function openMedia(value: string, address: string): OpenMedia | undefined {
  const [, portText = '', transport = '', ...types] = value.split(/\s+/);
  const port = portNumber(portText.split('/')[0] ?? '');
  if (port === 0 || !/(^|\/)RTP\//i.test(transport)) return undefined;
  const codecs = new Map<number, string>();
  for (const type of types) {
    const name = STATIC_CODECS[Number(type)];
    if (name !== undefined) codecs.set(Number(type), name);
  }
  return { ...NONE, address, port, codecs };
}

function readAttribute(media: OpenMedia, value: string): void {
  if (value === 'rtcp-mux') media.sharesPort = true;
  else if (value.startsWith('rtcp:')) {
    const [port = '', , , address = ''] = value.slice(5).trim().split(/\s+/);
    media.rtcpPort = portNumber(port);
    media.rtcpAddress = address;
  } else if (value.startsWith('rtpmap:')) {
    const [type = '', codec = ''] = value.slice(7).trim().split(/\s+/);
    if (/^\d{1,3}$/.test(type) && codec !== '') media.codecs.set(Number(type), codec);
  }
}

/** RTCP's port is the next one after RTP's where nothing else is said (RFC 3550, section 11). */
function closed(media: OpenMedia): Media {
  const { address, port, sharesPort } = media;
  return {
    ...media,
    rtcpAddress: media.rtcpAddress || address,
    rtcpPort: sharesPort ? port : media.rtcpPort || port + 1,
  };
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port <= 0xffff ? port : 0;
}

/** Payload types that mean something without a map (RFC 3551, section 6). */
const STATIC_CODECS: Readonly<Record<number, string>> = {
  0: 'PCMU/8000',
  3: 'GSM/8000',
  4: 'G723/8000',
  5: 'DVI4/8000',
  6: 'DVI4/16000',
  7: 'LPC/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  10: 'L16/44100/2',
  11: 'L16/44100',
  12: 'QCELP/8000',
  13: 'CN/8000',
  14: 'MPA/90000',
  15: 'G728/8000',
  16: 'DVI4/11025',
  17: 'DVI4/22050',
  18: 'G729/8000',
  25: 'CelB/90000',
  26: 'JPEG/90000',
  28: 'nv/90000',
  31: 'H261/90000',
  32: 'MPV/90000',
  33: 'MP2T/90000',
  34: 'H263/90000',
};
