import { openStandardOutput } from '#kcap/files/byte-output.js';
import { PacketLinesSink } from '#kcap/sinks/packet-lines.js';
import { FileSource } from '#kcap/sources/file.js';

/** Prints a capture file as `kcap --print` prints a topic: `print-file.js FILE`. */

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: print-file.js FILE');
const never = new AbortController().signal;
const source = await FileSource.open([file], undefined, {});
const sink = new PacketLinesSink(openStandardOutput(), {
  ...{ verbose: false, dump: 'none', colours: false },
});
for await (const batch of source.batches(never)) await sink.write(batch, never);
await sink.close();
await source.close();
