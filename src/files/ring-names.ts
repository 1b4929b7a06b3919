/** As many numbers as dumpcap's names have. */
const NUMBERS = 100_000;

/**
 * The name of a file of a ring, as dumpcap makes it: `out.pcap` becomes `out_00001_20261121101500.pcap`.
 *
 * @param path as the user gave it
 * @param number counts the files from 1 on
 * @param time when the file is made; shown in local time
 */
export function ringFileName(path: string, number: number, time: Date): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const end = dot > slash ? dot : path.length;
  const digits = String(number % NUMBERS).padStart(5, '0');
  return `${path.slice(0, end)}_${digits}_${stamp(time)}${path.slice(end)}`;
}

function stamp(time: Date): string {
  const parts = [time.getMonth() + 1, time.getDate()];
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()];
  const two = (n: number) => String(n).padStart(2, '0');
  return String(time.getFullYear()) + [...parts, ...clock].map(two).join('');
}
