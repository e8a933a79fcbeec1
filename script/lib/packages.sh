# Sourced: what comes from the distribution.

# need_packages PACKAGE…: as root they are installed; anyone else gets the one command that does it.
need_packages() {
  [ $# -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "missing: $* (install with: sudo apt-get update && sudo apt-get install -y $*)"
  fi
  say "installing $* (apt-get)…"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get update || say 'apt-get update failed; trying with the lists at hand'
  quietly apt-get install -y --no-install-recommends "$@" || die "apt-get could not install: $*"
  hash -r
}

# Prints the packages whose command is absent, for COMMAND:PACKAGE pairs.
missing_packages() {
  local pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair#*:}"
  done
}

addon_packages() {
  missing_packages c++:g++ pkg-config:pkg-config
  pkg-config --exists tss2-esys tss2-tctildr tss2-mu tss2-rc 2>/dev/null || printf 'libtss2-dev\n'
}

install_packages() {
  local wanted
  wanted=$(
    missing_packages swtpm:swtpm swtpm_setup:swtpm-tools
    tpm_addon_is_built || addon_packages
    [ "${1:-}" != --test ] || missing_packages jq:jq curl:curl tpm2_quote:tpm2-tools
  )
  # shellcheck disable=SC2086 # one word per package
  need_packages $wanted
}
