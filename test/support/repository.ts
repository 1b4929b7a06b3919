import { fileURLToPath } from 'node:url';

/** The folder of this repository, with a slash at its end. Compiled, this file is in dist-test/support/. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));
