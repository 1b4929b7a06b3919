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
const EQUALS = 0x3d;
const [LETTER_A, LETTER_C, LETTER_M] = [0x61, 0x63, 0x6d];
/** As many names of codecs are kept once for all streams. */
const MOST_NAMES = 1000;

/**
 * The streams that a session description (RFC 4566) offers over RTP: `c=`, `m=`, `a=rtpmap`, `a=rtcp` (RFC 3605) and
 * `a=rtcp-mux` (RFC 5761). Those that are refused (port 0) are left out. What can't be understood is passed over. Most
 * calls have two descriptions, so that nothing is cut into pieces that are not needed.
 */
export function mediaOf(sdp: string): Media[] {
  const media: OpenMedia[] = [];
  let sessionAddress = '';
  let hasMedia = false;
  /** Undefined before the first stream, and within one that is left out. */
  let current: OpenMedia | undefined;
  for (let at = 0; at < sdp.length;) {
    const lineEnd = sdp.indexOf('\n', at);
    const end = lineEnd === -1 ? sdp.length : lineEnd;
    if (sdp.charCodeAt(at + 1) === EQUALS)
      switch (sdp.charCodeAt(at)) {
        case LETTER_C: {
          const address = connectionAddress(sdp, at + 2, end);
          if (current) current.address = address;
          else if (!hasMedia) sessionAddress = address;
          break;
        }
        case LETTER_M:
          if (media.length === MOST_MEDIA) return media.map(closed);
          hasMedia = true;
          current = openMedia(sdp, at + 2, end, sessionAddress);
          if (current) media.push(current);
          break;
        case LETTER_A:
          if (current) readAttribute(current, sdp, at + 2, end);
      }
    at = end + 1;
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

/** `IN IP4 192.0.2.1`; a multicast address may have a time to live behind it. */
function connectionAddress(sdp: string, at: number, end: number): string {
  let start = nextWord(sdp, at, end);
  for (let words = 0; words < 2; words++) start = nextWord(sdp, wordEnd(sdp, start, end), end);
  return withoutSlash(sdp.slice(start, wordEnd(sdp, start, end)));
}

function withoutSlash(text: string): string {
  const slash = text.indexOf('/');
  return slash === -1 ? text : text.slice(0, slash);
}

/** `audio 49170 RTP/AVP 0 8`; undefined where it is refused, or not RTP. */
function openMedia(sdp: string, at: number, end: number, address: string): OpenMedia | undefined {
  const portAt = nextWord(sdp, wordEnd(sdp, nextWord(sdp, at, end), end), end);
  const portEnd = wordEnd(sdp, portAt, end);
  const port = portNumber(withoutSlash(sdp.slice(portAt, portEnd)));
  const transportAt = nextWord(sdp, portEnd, end);
  const transportEnd = wordEnd(sdp, transportAt, end);
  if (port === 0 || !/(^|\/)RTP\//i.test(sdp.slice(transportAt, transportEnd))) return undefined;
  const codecs = new Map<number, string>();
  for (let word = nextWord(sdp, transportEnd, end); word < end;) {
    const next = wordEnd(sdp, word, end);
    const type = Number(sdp.slice(word, next));
    const name = STATIC_CODECS[type];
    if (name !== undefined) codecs.set(type, name);
    word = nextWord(sdp, next, end);
  }
  return { address, port, rtcpAddress: '', rtcpPort: 0, sharesPort: false, codecs };
}

function readAttribute(media: OpenMedia, sdp: string, at: number, end: number): void {
  if (!sdp.startsWith('rt', at)) return;
  if (sdp.startsWith('rtpmap:', at)) {
    const typeEnd = wordEnd(sdp, at + 7, end);
    const codecAt = nextWord(sdp, typeEnd, end);
    const codec = sdp.slice(codecAt, wordEnd(sdp, codecAt, end));
    const type = sdp.slice(at + 7, typeEnd);
    if (/^\d{1,3}$/.test(type) && codec !== '') media.codecs.set(Number(type), keptName(codec));
  } else if (sdp.startsWith('rtcp-mux', at)) {
    if (wordEnd(sdp, at, end) === at + 8) media.sharesPort = true;
  } else if (sdp.startsWith('rtcp:', at)) {
    const [port = '', , , address = ''] = sdp
      .slice(at + 5, end)
      .trim()
      .split(/\s+/);
    media.rtcpPort = portNumber(port);
    media.rtcpAddress = address;
  }
}

/** Where the word that begins here ends. */
function wordEnd(sdp: string, at: number, end: number): number {
  while (at < end && !isBlank(sdp.charCodeAt(at))) at++;
  return at;
}

/** Where the next word begins. */
function nextWord(sdp: string, at: number, end: number): number {
  while (at < end && isBlank(sdp.charCodeAt(at))) at++;
  return at;
}

/** Whether it is a blank, a tab or the end of a line. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13;
}

const names = new Map<string, string>();

/** A name that does not keep the description in memory which it is a part of. */
function keptName(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const copy = Buffer.from(name, 'latin1').toString('latin1');
  if (names.size < MOST_NAMES) names.set(copy, copy);
  return copy;
}

/** RTCP's port is the next one after RTP's where nothing else is said (RFC 3550, section 11). */
function closed(media: OpenMedia): Media {
  const { address, port, sharesPort } = media;
  media.rtcpAddress ||= address;
  media.rtcpPort = sharesPort ? port : media.rtcpPort || port + 1;
  return media;
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
