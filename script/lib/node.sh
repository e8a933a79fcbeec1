# Sourced: Node and the packages of package-lock.json.

# Node's builds are on the npm registry too, so an older npm is all it takes.
download_node() {
  say "installing Node $node_version (a few seconds)…"
  quietly npm install --prefix "$1" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    "node-linux-$node_arch@$node_version" || return 1
  mv "$1/node_modules/node-linux-$node_arch"/* "$1/"
  rm -rf "$1/node_modules"
}

install_node() {
  if node_is_new_enough; then return 0; fi
  command -v npm >/dev/null || need_packages npm
  install_into "$INTERLOCK_CACHE/node-$node_version" download_node ||
    die "Node 24 is missing and npm could not fetch it (install Node 24 and put it on PATH)"
  hash -r
}

modules_stamp() { { node --version && cat "$root/package-lock.json"; } | sha256sum; }

modules_are_current() { [ "$(cat "$root/node_modules/.interlock-stamp" 2>/dev/null)" = "$(modules_stamp)" ]; }

install_modules() {
  if modules_are_current; then return 0; fi
  say 'installing npm packages (about 20 seconds)…'
  (cd "$root" && quietly npm ci --no-audit --no-fund) || die 'npm ci failed'
  modules_stamp >"$root/node_modules/.interlock-stamp"
}
