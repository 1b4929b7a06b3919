# shellcheck shell=bash
# From sources to what runs. To be sourced by scripts/setup.
#
# Each step looks whether a source is newer than what it was made into; a folder is newer when a file has been
# removed from it. What is made goes first: nothing stale runs, and nothing at all where a step fails.

compile_addon() {
  local addon=build/Release/kcap.node
  is_older "$addon" native binding.gyp install/build || return 0
  say "building the native addon"
  run_npm run postinstall || fail "set-up: the native addon has not been built: the cause is above"
}

compile_product() {
  is_older dist/kcap.js src tsconfig.json package-lock.json scripts/setup.d/bundle.js \
    scripts/setup.d/manuals.js || return 0
  rm -rf dist
  type_check_and_compile tsconfig.json
  node scripts/setup.d/manuals.js || fail "set-up: the manual pages have not been written: the cause is above"
  node scripts/setup.d/bundle.js || fail "set-up: kcap has not been bundled: the cause is above"
}

# Tests are compiled against the product's types.
compile_tests() {
  is_older dist-test/run.js test tsconfig.json package-lock.json dist/kcap.js || return 0
  rm -rf dist-test
  type_check_and_compile test/tsconfig.json
}

# The tests' rigs alone, which the benchmark uses, too.
compile_support() {
  is_older dist-test/support/real-kafka.js test/support tsconfig.json test/tsconfig.json test/tsconfig.support.json \
    package-lock.json || return 0
  type_check_and_compile test/tsconfig.support.json
}

# The limits in C link the librdkafka that the addon links.
compile_bench() {
  is_older dist-bench/main.js bench tsconfig.json package-lock.json dist/kcap.js \
    dist-test/support/real-kafka.js || return 0
  rm -rf dist-bench
  mkdir -p dist-bench/limit
  compile_limit produce client.c -lpcap
  compile_limit consume client.c
  compile_limit sip client.c -lpcap
  compile_limit collect
  compile_limit measure
  type_check_and_compile bench/tsconfig.json
}

# compile_limit NAME [SOURCE | LIBRARY]...
compile_limit() {
  local name=$1 librdkafka argument inputs=()
  shift
  librdkafka=$(node -p "path.join(path.dirname(require.resolve('node-rdkafka/package.json')), 'build/deps')")
  for argument; do
    case $argument in
      -*) inputs+=("$argument") ;;
      *) inputs+=("bench/limit/$argument") ;;
    esac
  done
  cc -O2 -std=gnu11 -Wall -Wextra -Werror -isystem "$librdkafka/include" -o "dist-bench/limit/$name" \
    "bench/limit/$name.c" "${inputs[@]}" -L"$librdkafka" -l:librdkafka.so.1 -Wl,--as-needed,-rpath,"$librdkafka" ||
    fail "set-up: bench/limit/$name.c has not been compiled: the cause is above"
}

# With what the native build leaves of the processors, for which others wait (scripts/setup).
type_check_and_compile() {
  nice -n 5 node_modules/.bin/tsc --project "$1" --noEmitOnError
}

# is_older MADE SOURCE...
is_older() {
  local made=$1
  shift
  [ ! -e "$made" ] || [ -n "$(find "$@" -newer "$made" -print -quit)" ]
}
