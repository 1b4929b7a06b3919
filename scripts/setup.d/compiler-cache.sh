# shellcheck shell=bash
# Where there is ccache, what has been compiled once is kept in .cache/ccache. The tests install kcap as users do and
# use it, too (test/support/compiler-cache.ts): librdkafka takes minutes to compile, and would do so twice.
# To be sourced by scripts/setup.

use_compiler_cache() {
  [ -d /usr/lib/ccache ] || return 0
  export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=$PWD/.cache/ccache
  # The same source in another folder is the same: only debuggers would see another name.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  # What it asks for, to keep what was compiled with precompiled headers.
  export CCACHE_SLOPPINESS=pch_defines,time_macros
}
