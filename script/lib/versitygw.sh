# Sourced: the S3 server that tests use, built once for each version.

find_versitygw() {
  local installed=$INTERLOCK_CACHE/versitygw-$versitygw_version/versitygw
  if [ -n "${INTERLOCK_VERSITYGW:-}" ]; then
    printf '%s\n' "$INTERLOCK_VERSITYGW"
  else
    [ -x "$installed" ] && printf '%s\n' "$installed"
  fi
}

build_versitygw() {
  install_go || return 1
  say "installing versitygw $versitygw_version, the S3 server for tests (built from source, about 2 minutes)…"
  GOBIN=$1 CGO_ENABLED=0 GOTOOLCHAIN=auto quietly go install "github.com/versity/versitygw/cmd/versitygw@v$versitygw_version"
}

install_versitygw() {
  if find_versitygw >/dev/null; then return 0; fi
  local target=$INTERLOCK_CACHE/versitygw-$versitygw_version
  install_into "$target" build_versitygw ||
    die "the S3 server for tests is missing (install with: GOBIN=$target go install github.com/versity/versitygw/cmd/versitygw@v$versitygw_version)"
}
