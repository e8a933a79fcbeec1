# Sourced: the verifier of logs that is not ours, built for tests once for each version of its sources.

sumdb_verify_directory() {
  local digest
  digest=$(cd "$root/test/interop/sumdb" && sha256sum go.mod go.sum ./*.go | sha256sum | cut -c1-16)
  printf '%s/sumdb-verify-%s\n' "$INTERLOCK_CACHE" "$digest"
}

find_sumdb_verify() {
  if [ -n "${INTERLOCK_SUMDB_VERIFY:-}" ]; then
    printf '%s\n' "$INTERLOCK_SUMDB_VERIFY"
    return 0
  fi
  local program
  program=$(sumdb_verify_directory)/sumdb-verify
  [ -x "$program" ] && printf '%s\n' "$program"
}

sumdb_verify_is_built() { find_sumdb_verify >/dev/null; }

# The module it needs is pinned by go.sum, and comes from the Go proxy where Go's module cache lacks it.
build_sumdb_verify() {
  install_go || return 1
  say 'building the log verifier for tests (golang.org/x/mod/sumdb, about half a minute)…'
  (
    cd "$root/test/interop/sumdb"
    CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS='-mod=readonly -modcacherw' \
      quietly go build -trimpath -buildvcs=false -o "$1/sumdb-verify" .
  )
}

install_sumdb_verify() {
  if sumdb_verify_is_built; then return 0; fi
  install_into "$(sumdb_verify_directory)" build_sumdb_verify ||
    die 'the log verifier for tests could not be built (it needs Go 1.21 or newer: https://go.dev/dl)'
}
