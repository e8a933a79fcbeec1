#!/usr/bin/env bash
# Builds OUTDIR/tpm.node from the C++ beside this script; does nothing when it is up to date.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: native/tpm/build.sh OUTDIR" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
modules=$(cd "$here/../.." && pwd)/node_modules
mkdir -p "$1"
out=$(cd "$1" && pwd)

libraries=(tss2-esys tss2-sys tss2-mu tss2-rc tss2-tctildr)
for tool in g++ pkg-config; do
  if ! command -v "$tool" >/dev/null; then
    echo "native/tpm: $tool is missing: install build-essential and pkg-config" >&2
    exit 1
  fi
done
if ! pkg-config --exists "${libraries[@]}"; then
  echo "native/tpm: the headers of tpm2-tss are missing: install libtss2-dev" >&2
  exit 1
fi
for package in node-api-headers node-addon-api; do
  if [ ! -d "$modules/$package" ]; then
    echo "native/tpm: node_modules/$package is missing: run npm ci" >&2
    exit 1
  fi
done

compile=(g++ -std=c++20 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -pthread
  -DNAPI_VERSION=8 -DNAPI_CPP_EXCEPTIONS -DNODE_ADDON_API_DISABLE_DEPRECATED
  -DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
  -I "$here" -isystem "$modules/node-api-headers/include" -isystem "$modules/node-addon-api")
# nodelete: a worker thread that ends unloads its addons, and the queue's thread may still be in a command.
link=(g++ -shared -pthread -Wl,-z,nodelete)
read -ra cflags <<<"$(pkg-config --cflags "${libraries[@]}")"
read -ra libs <<<"$(pkg-config --libs "${libraries[@]}")"

fingerprint=$(
  {
    printf '%s\n' "${compile[@]}" "${link[@]}" "${cflags[@]}" "${libs[@]}"
    g++ --version
    pkg-config --modversion "${libraries[@]}"
    cat "$modules/node-api-headers/package.json" "$modules/node-addon-api/package.json"
    cd "$here" && find core addon -name '*.cc' -o -name '*.h' | sort | xargs sha256sum
  } | sha256sum | cut -d' ' -f1
)
if [ -f "$out/tpm.node" ] && [ "$(cat "$out/tpm.node.fingerprint" 2>/dev/null)" = "$fingerprint" ]; then
  exit 0
fi

work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$here"
find core addon -name '*.cc' -print0 |
  xargs -0 -P "$(nproc)" -I{} sh -c 'object=$1/$(echo "$2" | tr / -).o; shift; source=$1; shift; exec "$@" -c "$source" -o "$object"' \
    build "$work" {} "${compile[@]}" "${cflags[@]}"
"${link[@]}" "$work"/*.o "${libs[@]}" -o "$work/tpm.node"
# Renamed into place, so that a process which loads it meanwhile sees the old one or the new one.
mv "$work/tpm.node" "$out/tpm.node"
echo "$fingerprint" >"$out/tpm.node.fingerprint"
