import { numberedName } from '../../files/numbered-name.js';

/** Names of capture files: HOST-INTERFACE-UNIXTIME, and from the second one of a second on -2, -3 … */
export class CaptureNames {
  readonly #host: string;
  #second = 0;
  readonly #given = new Map<string, number>();

  constructor(host: string) {
    this.#host = fileNamePart(host);
  }

  /** @param extension without the dot */
  next(interfaceName: string, extension: string, nowMs = Date.now()): string {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#given.clear();
    this.#second = second;
    const base = `${this.#host}-${fileNamePart(interfaceName)}-${second}`;
    const number = (this.#given.get(base) ?? 0) + 1;
    this.#given.set(base, number);
    return numberedName(`${base}.${extension}`, number);
  }
}

/** Neither hosts nor interfaces are named by us, and nothing may lead out of a folder. */
function fileNamePart(name: string): string {
  const safe = name.replaceAll(/[^\w.@:+-]/g, '_').slice(0, 100);
  return safe.replace(/^\.+/, '_') || '_';
}
