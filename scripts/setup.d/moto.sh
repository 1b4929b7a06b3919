# shellcheck shell=bash
# The tests' server that speaks as S3 and SQS do, as a Python environment in .cache/moto. To be sourced by scripts/setup.

fetch_moto() {
  local folder=.cache/moto
  is_older "$folder/complete" scripts/setup.d/moto.txt || return 0
  say "fetching moto with pip"
  rm -rf "$folder"
  # Python compiles what it loads; it never loads most of it.
  if ! python3 -m venv "$folder" ||
    ! "$folder/bin/pip" install --quiet --disable-pip-version-check --no-compile \
      --requirement scripts/setup.d/moto.txt; then
    fail "set-up: moto has not been fetched: the cause, by pip, is above"
  fi
  # Last, so that a fetch that was cut short is not taken for a whole one.
  touch "$folder/complete"
}
