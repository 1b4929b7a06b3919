# shellcheck shell=bash
# Kcap once more, with the addon built for a sanitizer and a Node that has the sanitizer's library in it, in a folder
# of its own: .cache/sanitize/address, .cache/sanitize/thread. To be sourced by scripts/setup.
#
# GCC, because its ThreadSanitizer comes as a shared library. A sanitizer has to be in a process from its beginning.
# Node gets it as a library that it needs, not by LD_PRELOAD: so each process that Node starts as itself has it, too,
# and none of the others (Java, tshark), which LD_PRELOAD would reach.

# compile_sanitized address|thread
compile_sanitized() {
  local tree=.cache/sanitize/$1 name
  mkdir -p "$tree"
  # Copied, since Node looks where a module really is, and for the addon beside it.
  rm -rf "${tree:?}"/{bin,dist,dist-test,package.json}
  cp -r bin dist dist-test package.json "$tree"
  for name in .cache binding.gyp examples install native node_modules test; do
    ln -sfn "$PWD/$name" "$tree/$name"
  done
  compile_sanitized_addon "$1" "$tree"
  make_sanitized_node "$1" "$tree"
}

compile_sanitized_addon() {
  local addon=$2/build/Release/kcap.node flags
  is_older "$addon" native binding.gyp scripts/setup.d/sanitize.sh || return 0
  case $1 in
    address) flags=-fsanitize=address,undefined ;;
    thread) flags=-fsanitize=thread ;;
  esac
  say "building the native addon with $flags"
  (
    cd "$2"
    # They come after those of binding.gyp. What a sanitizer adds makes GCC warn of what is in its own headers.
    export CXX=g++ CXXFLAGS="$flags -O1 -g1 -fno-omit-frame-pointer -Wno-maybe-uninitialized" LDFLAGS="$flags"
    run_npm run postinstall
  ) || fail "set-up: the addon has not been built with $flags: the cause is above"
}

make_sanitized_node() {
  local made=$2/node node library needed=()
  node=$(node -p process.execPath)
  is_older "$made" "$node" scripts/setup.d/sanitize.sh scripts/sanitize.d || return 0
  say "making a Node with the $1 sanitizer in it"
  case $1 in
    address) needed=("$(library_of asan)") ;;
    thread)
      gcc -shared -fPIC -O1 -Wall -Wextra -Werror -o "$2/c11-threads.so" scripts/sanitize.d/c11-threads.c
      needed=("$PWD/$2/c11-threads.so" "$(library_of tsan)")
      ;;
  esac
  cp "$node" "$made.new"
  for library in "${needed[@]}"; do
    patchelf --add-needed "$library" "$made.new"
  done
  mv "$made.new" "$made"
}

# library_of NAME: the sanitizer's library by the name under which it is loaded.
library_of() {
  objdump --private-headers "$(g++ "-print-file-name=lib$1.so")" | sed -nE 's/^ *SONAME +//p' | grep .
}
