import { checkFilter } from '../capture/capture-filter.js';
import { withAddresses } from '../capture/host-names.js';
import { UserError, usageError } from '../errors/user-error.js';
import { print } from '../terminal/standard-output.js';
import type { Runner } from './command.js';
import type { EXTCAP_OPTIONS } from './extcap-options.js';

/** `kcap extcap`: what Wireshark asks of a program that it captures with, and how kcap becomes one. */
export const extcap: Runner<typeof EXTCAP_OPTIONS> = async (args) => {
  if (args.install === true && args.uninstall === true)
    throw usageError('--install and --uninstall', 'one undoes the other', 'give only one of them');
  if (args.install === true || args.uninstall === true) {
    const { install, uninstall } = await import('./extcap-install.js');
    await print(await (args.install === true ? install : uninstall)(args.folder));
    return 0;
  }
  if (args['extcap-interfaces'] === true) {
    const { interfaceSentences } = await import('./extcap-dialog.js');
    await print(interfaceSentences());
    return 0;
  }
  if (args['extcap-dlts'] === true) {
    const { linkTypeSentences } = await import('./extcap-dialog.js');
    await print(linkTypeSentences());
    return 0;
  }
  if (args['extcap-config'] === true) {
    const { settingSentences, reloadedSentences } = await import('./extcap-dialog.js');
    const option = args['extcap-reload-option'];
    await print(
      option === undefined ? settingSentences(args) : await reloadedSentences(args, option),
    );
    return 0;
  }
  if (args.capture === true) {
    const { captureForWireshark } = await import('./extcap-capture.js');
    return captureForWireshark(args);
  }
  const filter = args['extcap-capture-filter'];
  if (filter !== undefined) {
    await print(await filterProblem(filter));
    return 0;
  }
  throw usageError(
    'extcap',
    'only Wireshark calls it',
    "'kcap extcap --install' makes Wireshark do so",
  );
};

/**
 * What Wireshark shows of a filter while it is typed: nothing where it makes sense, else what is wrong. Names of hosts
 * are looked up only by a capture.
 */
async function filterProblem(filter: string): Promise<string> {
  try {
    checkFilter(await withAddresses(filter, () => Promise.resolve(['127.0.0.1'])));
    return '';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Below it stands the place in the filter, indented. Wireshark shows a line.
    return `${(error.message.split('\n  ', 1)[0] ?? '').replaceAll('\n', ' ')}\n`;
  }
}
