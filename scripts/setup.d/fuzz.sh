# shellcheck shell=bash
# The targets in native/fuzz with libFuzzer, as .cache/fuzz/TARGET/run. To be sourced by scripts/setup.

compile_fuzz_targets() {
  compile_fuzz_target kafka/flow_hash
  compile_fuzz_target capture/own/own_packets \
    native/capture/own/{connection_table,known_connections,own_connections}.cc
  compile_fuzz_target wire/plain_message native/wire/message_headers.cc
  compile_fuzz_target wire/message_packets native/wire/{plain_message,message_headers}.cc \
    native/pcap/{capture,classic,pcapng}_reader.cc
  compile_fuzz_target wire/framed_message
  compile_fuzz_target wire/message_form native/wire/text_output.cc
  compile_fuzz_target pcap/capture_reader native/pcap/{classic,pcapng}_reader.cc
  compile_fuzz_target codec/codec -lz -lzstd -llz4
}

# compile_fuzz_target FOLDER/NAME [SOURCE | LIBRARY]...: native/fuzz/NAME.cc and what it tries, native/FOLDER/NAME.cc
compile_fuzz_target() {
  local source=$1 name=${1##*/} made=.cache/fuzz/${1##*/}/run
  shift
  is_older "$made" native scripts/setup.d/fuzz.sh || return 0
  say "building the fuzz target $name"
  mkdir -p "$(dirname "$made")"
  # binding.gyp's definitions; -isystem, since other people's headers have warnings.
  clang++ -std=c++20 -O1 -g -Wall -Wextra -Werror -DNAPI_VERSION=8 -DNODE_ADDON_API_CPP_EXCEPTIONS_ALL \
    -DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    -Inative -isystem "$(node_headers)" -isystem "$(package_folder node-addon-api)" \
    -isystem "$(package_folder node-rdkafka)/build/deps/include" \
    "native/fuzz/$name.cc" "native/$source.cc" "$@" -o "$made" ||
    fail "set-up: the fuzz target $name has not been built: the cause is above"
}

# Where node-gyp found Node's headers when it built the addon.
node_headers() {
  sed -nE 's/^ *"nodedir": "(.*)",?$/\1\/include\/node/p' build/config.gypi
}

package_folder() {
  node -p "path.dirname(require.resolve('$1/package.json'))"
}
