import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { readyFilter } from '../capture/ready-filter.js';
import { messageOf, usageError, UserError, type ExitStatus } from '../errors/user-error.js';
import { ControlPipes } from '../extcap/control-pipes.js';
import { COMMAND } from '../extcap/control-protocol.js';
import { rememberTopic } from '../extcap/recent-topics.js';
import { openFile } from '../files/byte-output.js';
import { openInScope } from '../pipeline/scope.js';
import { Stop } from '../pipeline/stop.js';
import { summaryLines } from '../pipeline/summary.js';
import { openConsuming, type ConsumingOptions } from '../task/consuming.js';
import { findRanges } from '../task/reading.js';
import { openLog, showError } from '../terminal/logging.js';
import { printable } from '../terminal/printable.js';
import { standardError } from '../terminal/standard-error.js';
import { openOutput } from '../terminal/standard-output.js';
import { superviseRun } from '../terminal/supervised-run.js';
import type { Arguments } from './command.js';
import { CONTROL } from './extcap-controls.js';
import { recentNamed } from './extcap-dialog.js';
import { EXTCAP_OPTIONS } from './extcap-options.js';
import {
  propertiesFile,
  SLACK_MS,
  wiresharkProperties,
  wiresharkStart,
  wiresharkTopic,
} from './extcap-settings.js';
import { parseChoice } from './values.js';
import { packageVersion } from '../package-version.js';

type ExtcapArguments = Arguments<typeof EXTCAP_OPTIONS>;

/** How long Wireshark may delay the end by not reading. What it does not get stays in Kafka. */
const STALLED_READER_MS = 500;

/** How long Wireshark may take to open the pipe of a capture that has failed. */
const OPEN_LIMIT_MS = 2000;

/**
 * `--capture`: packets of a topic into Wireshark's pipe. Wireshark shows whatever comes on standard error as an error,
 * so that the log goes to its tool bar, and only what has failed is written there.
 */
export async function captureForWireshark(args: ExtcapArguments): Promise<ExitStatus> {
  const { fifo } = args;
  if (fifo === undefined || fifo === '')
    throw usageError('--capture', 'no pipe for the packets', 'Wireshark passes it with --fifo');
  let showStatus: () => void = () => undefined;
  const pipes = new ControlPipes(
    args['extcap-control-in'],
    args['extcap-control-out'],
    ({ control, command }) => {
      if (control === CONTROL.status && command === COMMAND.set) showStatus();
    },
  );
  let hasOutput = false;
  try {
    pipes.send(CONTROL.log, COMMAND.set);
    const log = await openLog({ level: 'info', format: 'text' }, (lines) => {
      pipes.send(CONTROL.log, COMMAND.add, lines);
    });
    const options = await parse(args, fifo, log);
    const stop = new Stop(STALLED_READER_MS);
    const ranges = await findRanges(options, log);
    const { opened } = await openInScope((scope) =>
      openConsuming(options, scope, { ranges, openOutput, stop, log }),
    );
    hasOutput = true;
    remember(args, options, log);
    showStatus = () => {
      const said = summaryLines(opened.run.account()).join('; ');
      pipes.send(CONTROL.status, COMMAND.statusBar, `kcap: ${said}`);
    };
    pipes.send(CONTROL.status, COMMAND.statusBar, `kcap: ${opened.started}`);
    const status = await superviseRun(opened.run, stop, {
      started: opened.started,
      log,
      format: 'text',
      progress: false,
      statsIntervalMs: 0,
    });
    if (status !== 0) {
      const said = summaryLines(opened.run.account()).join('; ');
      standardError.write(printable(`kcap: packets are missing: ${said}\n`));
    }
    return status;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Wireshark looks for it as soon as its pipe has ended.
    standardError.insist(() => {
      showError(error);
    });
    if (!hasOutput) await endPipe(fifo);
    return error.exitStatus;
  } finally {
    pipes.close();
  }
}

async function parse(args: ExtcapArguments, fifo: string, log: Logger): Promise<ConsumingOptions> {
  const recent = recentNamed(args['extcap-interface']);
  const { start, from } = wiresharkStart(args.start, Date.now());
  return {
    topic: wiresharkTopic(args, recent),
    properties: wiresharkProperties(args, recent, log),
    filter: await readyFilter(args['extcap-capture-filter'] ?? ''),
    start,
    from,
    to: undefined,
    slackMs: SLACK_MS,
    endsAtWatermarks: false,
    inTimeOrder:
      parseChoice('order', args.order ?? 'arrival', EXTCAP_OPTIONS.order.oneOf) === 'time',
    fileFormat: parseChoice('format', args.format ?? 'pcapng', EXTCAP_OPTIONS.format.oneOf),
    file: fifo,
    maxPackets: 0,
    autostop: {},
    ring: undefined,
    prettyEvery: 0,
    print: undefined,
    keyUnit: 'us',
    values: 'frame',
    group: undefined,
    linkType: undefined,
    application: `kcap ${packageVersion()}`,
  };
}

/** Wireshark waits for a capture that has failed as long as nobody opens and closes its pipe. */
async function endPipe(fifo: string): Promise<void> {
  try {
    if (!statSync(fifo).isFIFO()) return;
    const output = await openFile(fifo, AbortSignal.timeout(OPEN_LIMIT_MS));
    await output.close();
  } catch {
    // What has failed before is what matters.
  }
}

/** From now on, the topic is an interface in Wireshark's list. */
function remember(args: ExtcapArguments, { topic, properties }: ConsumingOptions, log: Logger) {
  const recent = recentNamed(args['extcap-interface']);
  const brokers = properties.get('bootstrap.servers') ?? properties.get('metadata.broker.list');
  if (brokers === undefined) return;
  try {
    rememberTopic({ brokers, topic, propertiesFile: propertiesFile(args, recent) });
  } catch (error) {
    log.warn(`Wireshark will not list the topic: ${messageOf(error)}`);
  }
}
