import { existsSync } from 'node:fs';

import { repository } from './repository.js';

/** Compilers by their usual names that look into the cache first, as Debian's ccache has them. */
const COMPILERS = '/usr/lib/ccache';

/**
 * The environment with the cache of compiled files that the set-up has filled (scripts/setup.d/compiler-cache.sh), for
 * a build below `folder`; where there is no ccache, the environment as it is. The build runs as it would otherwise, and
 * what is in the cache was made of the same source, by the same compiler, with the same options.
 */
export function withCompilerCache(env: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  if (!existsSync(COMPILERS)) return env;
  return {
    ...env,
    PATH: `${COMPILERS}:${env['PATH'] ?? ''}`,
    CCACHE_DIR: `${repository}.cache/ccache`,
    CCACHE_BASEDIR: folder,
    CCACHE_NOHASHDIR: '1',
    CCACHE_SLOPPINESS: 'pch_defines,time_macros',
  };
}
