# Sourced: several clones may share one cache, and two runs may meet in it.

# locked DIRECTORY COMMAND…: one run at a time; the directory itself is the lock, so a read-only one serves too.
locked() {
  local directory=$1
  shift
  (
    flock -n 9 || { say "waiting for another installation in $directory…" && flock 9; }
    # Left by a run that was cut short.
    rm -rf "$directory"/.new.*
    "$@"
  ) 9<"$directory"
}

# install_into TARGET COMMAND…: COMMAND fills the directory it gets as last argument; TARGET appears whole or not at all.
install_into() {
  local target=$1 fresh
  shift
  [ ! -e "$target" ] || return 0
  fresh=$(mktemp -d "$INTERLOCK_CACHE/.new.XXXXXX")
  if ! "$@" "$fresh"; then
    rm -rf "$fresh"
    return 1
  fi
  chmod 755 "$fresh"
  mv -T "$fresh" "$target"
}
