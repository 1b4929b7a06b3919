/** A file's name with a number, for where others have it: `a.pcap` for 1, then `a-2.pcap`, `a-3.pcap` … */
export function numberedName(name: string, number: number): string {
  if (number === 1) return name;
  const dot = name.lastIndexOf('.');
  const end = dot <= 0 ? name.length : dot;
  return `${name.slice(0, end)}-${number}${name.slice(end)}`;
}
