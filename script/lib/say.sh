# Sourced: how the scripts talk, and how they end.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "interlock: $*"
  exit 1
}

# Output of a tool that succeeds is noise; of one that fails it is the reason.
quietly() {
  local output
  output=$(mktemp)
  if "$@" >"$output" 2>&1 </dev/null; then
    rm -f "$output"
  else
    tail -n 20 "$output" >&2
    rm -f "$output"
    return 1
  fi
}
