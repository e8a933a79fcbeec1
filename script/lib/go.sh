# Sourced: Go, which only building the Temporal CLI and the servers and verifiers of tests needs. From 1.21 on it fetches the
# release a module asks for.

go_is_new_enough() {
  local version
  version=$(go env GOVERSION 2>/dev/null) || return 1
  version=${version#go1.}
  [ "${version%%[!0-9]*}" -ge 21 ]
}

# Debian 12's Go 1.19 is too old to switch releases by itself, but can fetch one as the module that newer ones use.
download_go() {
  local module=golang.org/toolchain@v0.0.1-go$go_version.linux-$go_arch cache=$1/modules
  say "installing Go $go_version…"
  (cd "$1" && GOMODCACHE=$cache GOFLAGS=-modcacherw quietly go mod download "$module") || return 1
  mv "$cache/$module"/* "$1/"
  rm -rf "$cache"
  chmod +x "$1"/bin/* "$1/pkg/tool/linux_$go_arch"/*
}

# Succeeds when a usable `go` is on PATH.
install_go() {
  if go_is_new_enough; then return 0; fi
  local cached=$INTERLOCK_CACHE/go-$go_version
  if [ ! -e "$cached" ]; then
    command -v go >/dev/null || [ "$(id -u)" != 0 ] || (need_packages golang-go) || return 1
    hash -r
    if go_is_new_enough; then return 0; fi
    command -v go >/dev/null && install_into "$cached" download_go || return 1
  fi
  export PATH="$cached/bin:$PATH"
}
