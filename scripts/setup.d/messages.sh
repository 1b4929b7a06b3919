# shellcheck shell=bash
# What the scripts say, in the form of kcap's own messages. To be sourced.

say() {
  echo "kcap: $*" >&2
}

# fail MESSAGE [REMEDY] [STATUS]
fail() {
  say "$1"
  [ -z "${2-}" ] || echo "$2" >&2
  exit "${3-1}"
}
