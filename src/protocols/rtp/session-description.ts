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

const SLASH = 0x2f;
const MOST_MEDIA = 64;
/** As many names of codecs are kept once for all streams. */
const MOST_NAMES = 1000;
/** As many endings of streams are known, each of so many characters: devices of a kind write the same ones. */
const MOST_ENDINGS = 1000;
const LONGEST_ENDING = 512;

/**
 * The streams that a session description (RFC 4566) offers over RTP: `c=`, `m=`, `a=rtpmap`, `a=rtcp` (RFC 3605) and
 * `a=rtcp-mux` (RFC 5761). Those that are refused (port 0) are left out. What can't be understood is passed over. Most
 * calls have two descriptions, so that nothing is cut into pieces that are not needed.
 */
export function mediaOf(sdp: string): Media[] {
  const media: Media[] = [];
  let at = sdp.startsWith('m=') ? 0 : nextLine(sdp, '\nm=', 0);
  const sessionAddress = addressIn(sdp, 0, at) ?? '';
  while (at < sdp.length && media.length < MOST_MEDIA) {
    const end = nextLine(sdp, '\nm=', at);
    const stream = streamOf(sdp, at + 2, end, sessionAddress);
    if (stream) media.push(stream);
    at = end;
  }
  return media;
}

/** Where the next line that begins so begins; the end where there is none. */
function nextLine(sdp: string, begin: string, from: number): number {
  const at = sdp.indexOf(begin, from);
  return at === -1 ? sdp.length : at + 1;
}

/** The address of the last `c=` in some lines; undefined where there is none. */
function addressIn(sdp: string, from: number, to: number): string | undefined {
  let address: string | undefined;
  let at = from === 0 && sdp.startsWith('c=') ? 0 : nextLine(sdp, '\nc=', from);
  while (at < to) {
    address = connectionAddress(sdp, at + 2, lineEnd(sdp, at));
    at = nextLine(sdp, '\nc=', at);
  }
  return address;
}

function lineEnd(sdp: string, at: number): number {
  const end = sdp.indexOf('\n', at);
  return end === -1 ? sdp.length : end;
}

/** `audio 49170 RTP/AVP 0 8` and the lines below it; undefined where it is refused, or not RTP. */
function streamOf(sdp: string, at: number, end: number, sessionAddress: string): Media | undefined {
  const portAt = nextWord(sdp, wordEnd(sdp, nextWord(sdp, at, end), end), end);
  const portEnd = wordEnd(sdp, portAt, end);
  const port = portIn(sdp, portAt, portEnd);
  if (port === 0) return undefined;
  const ending = endingOf(sdp.slice(portEnd, end));
  if (!ending) return undefined;
  const { sharesPort, codecs } = ending;
  const address = ending.address ?? sessionAddress;
  const rtcpAddress = ending.rtcpAddress || address;
  // The next one after RTP's where nothing else is said (RFC 3550, section 11).
  const rtcpPort = sharesPort ? port : ending.rtcpPort || port + 1;
  return { address, port, rtcpAddress, rtcpPort, sharesPort, codecs };
}

/** What a stream says behind its port. */
export interface Ending {
  /** Undefined where the session's holds. */
  address: string | undefined;
  rtcpAddress: string;
  rtcpPort: number;
  sharesPort: boolean;
  readonly codecs: Map<number, string>;
}

const endings = new Map<string, Ending | undefined>();

/** What such a text says; undefined where the stream is not RTP. */
export function endingOf(text: string): Ending | undefined {
  const known = endings.get(text);
  if (known !== undefined || endings.has(text)) return known;
  // A text of its own keeps no description in memory.
  const own = Buffer.from(text, 'latin1').toString('latin1');
  const ending = readEnding(own);
  if (text.length > LONGEST_ENDING) return ending;
  if (endings.size === MOST_ENDINGS) endings.clear();
  endings.set(own, ending);
  return ending;
}

function readEnding(text: string): Ending | undefined {
  const end = lineEnd(text, 0);
  const transportAt = nextWord(text, 0, end);
  const transportEnd = wordEnd(text, transportAt, end);
  if (!/(^|\/)RTP\//i.test(text.slice(transportAt, transportEnd))) return undefined;
  const ending: Ending = {
    address: addressIn(text, end, text.length),
    rtcpAddress: '',
    rtcpPort: 0,
    sharesPort: false,
    codecs: staticCodecs(text, transportEnd, end),
  };
  for (let at = nextLine(text, '\na=', end); at < text.length; at = nextLine(text, '\na=', at))
    readAttribute(ending, text, at + 2, lineEnd(text, at));
  return ending;
}

/** Of the payload types that a stream names, those that mean something without a map. */
function staticCodecs(text: string, at: number, end: number): Map<number, string> {
  const codecs = new Map<number, string>();
  for (let word = nextWord(text, at, end); word < end;) {
    const next = wordEnd(text, word, end);
    const type = Number(text.slice(word, next));
    const name = STATIC_CODECS[type];
    if (name !== undefined) codecs.set(type, name);
    word = nextWord(text, next, end);
  }
  return codecs;
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

function readAttribute(media: Ending, sdp: string, at: number, end: number): void {
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
    media.rtcpPort = portIn(port, 0, port.length);
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

/** A port at the beginning of [at, end), where a number of them may follow: `49170/2`; 0 where there is none. */
function portIn(text: string, at: number, end: number): number {
  let port = 0;
  let next = at;
  for (; next < end; next++) {
    const digit = text.charCodeAt(next) - 48;
    if (digit < 0 || digit > 9) break;
    port = port * 10 + digit;
  }
  const isNumber = next > at && next - at <= 5 && (next === end || text.charCodeAt(next) === SLASH);
  return isNumber && port <= 0xffff ? port : 0;
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
