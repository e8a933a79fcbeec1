# Sourced: the Temporal CLI with its development server.

# A binary from `go install` calls itself 0.0.0-DEV, so the server inside it tells: CLI 1.5 carries server 1.29.
temporal_is_new_enough() {
  local server
  server=$("$1" --version 2>/dev/null | sed -n 's/.*(Server 1\.\([0-9]*\)\..*/\1/p')
  [ "${server:-0}" -ge 29 ]
}

find_temporal() {
  local installed=$INTERLOCK_CACHE/temporal-$temporal_version/temporal on_path
  if [ -n "${INTERLOCK_TEMPORAL_CLI:-}" ]; then
    printf '%s\n' "$INTERLOCK_TEMPORAL_CLI"
  elif on_path=$(command -v temporal) && temporal_is_new_enough "$on_path"; then
    printf '%s\n' "$on_path"
  else
    [ -x "$installed" ] && printf '%s\n' "$installed"
  fi
}

build_temporal() {
  install_go || return 1
  say "installing Temporal CLI $temporal_version (built from source, about 3 minutes)…"
  GOBIN=$1 CGO_ENABLED=0 GOTOOLCHAIN=auto quietly go install "github.com/temporalio/cli/cmd/temporal@v$temporal_version"
}

download_temporal() {
  command -v curl >/dev/null || return 1
  say "downloading Temporal CLI $temporal_version…"
  local archive="https://temporal.download/cli/archive/v$temporal_version?platform=linux&arch=$go_arch"
  quietly curl -fsSL --retry 2 -o "$1/temporal.tar.gz" "$archive" &&
    quietly tar -xzf "$1/temporal.tar.gz" -C "$1" temporal && rm "$1/temporal.tar.gz"
}

check_chosen_temporal() {
  [ -z "${INTERLOCK_TEMPORAL_CLI:-}" ] || temporal_is_new_enough "$INTERLOCK_TEMPORAL_CLI" ||
    die "INTERLOCK_TEMPORAL_CLI=$INTERLOCK_TEMPORAL_CLI is not a Temporal CLI of version 1.5 or newer"
}

install_temporal() {
  if find_temporal >/dev/null; then return 0; fi
  local target=$INTERLOCK_CACHE/temporal-$temporal_version
  install_into "$target" build_temporal || install_into "$target" download_temporal ||
    die "Temporal CLI is missing (install with: GOBIN=$target go install github.com/temporalio/cli/cmd/temporal@v$temporal_version)"
}
