# shellcheck shell=bash
# From sources to what runs. To be sourced by scripts/setup.
#
# Each step looks whether a source is newer than what it was made into; a folder is newer when a file has been
# removed from it. What is made goes first: nothing stale runs, and nothing at all where a step fails.

compile_addon() {
  local addon=build/Release/kcap.node
  is_older "$addon" native binding.gyp || return 0
  say "building the native addon"
  run_npm run install || fail "set-up: the native addon has not been built: the cause is above"
}

compile_product() {
  is_older dist/main.js src tsconfig.json package-lock.json || return 0
  rm -rf dist
  type_check_and_compile tsconfig.json
}

# Tests are compiled against the product's types.
compile_tests() {
  is_older dist-test/run.js test tsconfig.json tsconfig.test.json package-lock.json dist/main.js || return 0
  rm -rf dist-test
  type_check_and_compile tsconfig.test.json
}

type_check_and_compile() {
  node_modules/.bin/tsc --project "$1" --noEmitOnError
}

# is_older MADE SOURCE...
is_older() {
  local made=$1
  shift
  [ ! -e "$made" ] || [ -n "$(find "$@" -newer "$made" -print -quit)" ]
}
