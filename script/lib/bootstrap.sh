# Sourced: everything the scripts need, installed where it is missing.

. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$root/script/lib/install.sh"
. "$root/script/lib/packages.sh"
. "$root/script/lib/node.sh"
. "$root/script/lib/go.sh"

install_tools() {
  install_temporal
  install_tpm_addon
  [ "${1:-}" != --test ] || { install_sumdb_verify && install_versitygw; }
}

tools_are_installed() {
  find_temporal >/dev/null && tpm_addon_is_built && { [ "${1:-}" != --test ] || test_tools_are_built; }
}

test_tools_are_built() { sumdb_verify_is_built && find_versitygw >/dev/null; }

# bootstrap [--test]: --test adds what only tests use.
bootstrap() {
  [ "${1:-}" = '' ] || [ "$1" = --test ] || die "unknown argument: $1 (only --test)"
  check_chosen_temporal
  use_tools
  mkdir -p "$INTERLOCK_CACHE" 2>/dev/null || die "cannot create $INTERLOCK_CACHE (INTERLOCK_CACHE names another folder)"
  # In this order: npm needs Node, and the addon's build needs headers that npm brings.
  if ! node_is_new_enough; then locked "$INTERLOCK_CACHE" install_node; fi
  hash -r
  install_packages "$@"
  if ! modules_are_current; then locked "$root" install_modules; fi
  if ! tools_are_installed "$@"; then locked "$INTERLOCK_CACHE" install_tools "$@"; fi
  use_tools
}
