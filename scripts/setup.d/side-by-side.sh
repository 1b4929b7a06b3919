# shellcheck shell=bash
# Work that is done beside other work. To be sourced.

side_by_side=$(mktemp -d)
declare -A begun=()
trap end_side_by_side EXIT

# begin FUNCTION: runs it beside what follows. What it says comes with `finish`, in one piece.
begin() {
  # In a process group of its own, so that what it has started can be ended with it.
  set -m
  ("$1") </dev/null >"$side_by_side/$1" 2>&1 &
  begun[$1]=$!
  set +m
}

# finish FUNCTION: waits for it and fails where it has failed.
finish() {
  local status=0
  wait "${begun[$1]}" || status=$?
  unset "begun[$1]"
  cat "$side_by_side/$1"
  return "$status"
}

end_side_by_side() {
  local group
  for group in "${begun[@]}"; do
    kill -- "-$group" 2>/dev/null || true
  done
  rm -rf "$side_by_side"
}
