# Sourced by every script: where the tools are, the pinned Node first on PATH.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/script/lib/say.sh"
. "$root/script/lib/temporal.sh"
. "$root/script/lib/tpm-addon.sh"
. "$root/script/lib/sumdb-verify.sh"
. "$root/script/lib/versitygw.sh"

node_version=24.21.0
temporal_version=1.5.1
go_version=1.26.8
versitygw_version=1.8.0

[ -n "${INTERLOCK_CACHE-unset}" ] || die 'INTERLOCK_CACHE is set but empty'
export INTERLOCK_CACHE=${INTERLOCK_CACHE:-$root/.cache}

case $(uname -m) in
  x86_64) node_arch=x64 go_arch=amd64 ;;
  aarch64) node_arch=arm64 go_arch=arm64 ;;
  *) die "no Node, Postgres and Temporal builds for $(uname -m)" ;;
esac

node_is_new_enough() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 24 ]
}

use_tools() {
  node_is_new_enough || export PATH="$INTERLOCK_CACHE/node-$node_version/bin:$PATH"
  INTERLOCK_TEMPORAL_CLI=$(find_temporal) && export INTERLOCK_TEMPORAL_CLI || unset INTERLOCK_TEMPORAL_CLI
  INTERLOCK_TPM_ADDON=$(find_tpm_addon) && export INTERLOCK_TPM_ADDON || unset INTERLOCK_TPM_ADDON
  INTERLOCK_SUMDB_VERIFY=$(find_sumdb_verify) && export INTERLOCK_SUMDB_VERIFY || unset INTERLOCK_SUMDB_VERIFY
  INTERLOCK_VERSITYGW=$(find_versitygw) && export INTERLOCK_VERSITYGW || unset INTERLOCK_VERSITYGW
  # Stripping types and compiling several hundred modules is most of a warm start.
  export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$INTERLOCK_CACHE/node-compile}
}
