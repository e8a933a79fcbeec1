# Sourced: the TPM addon, built once for each version of its sources and each Node major.

tpm_addon_directory() {
  local digest
  digest=$(
    cd "$root/native/tpm" &&
      { find . -path ./build -prune -o -type f -print0 | sort -z | xargs -0 sha256sum && node --version | cut -d. -f1; } |
      sha256sum | cut -c1-16
  )
  printf '%s/tpm-addon-%s\n' "$INTERLOCK_CACHE" "$digest"
}

find_tpm_addon() {
  if [ -n "${INTERLOCK_TPM_ADDON:-}" ]; then
    printf '%s\n' "$INTERLOCK_TPM_ADDON"
    return 0
  fi
  local addon
  addon=$(tpm_addon_directory)/tpm.node
  [ -f "$addon" ] && printf '%s\n' "$addon"
}

tpm_addon_is_built() { find_tpm_addon >/dev/null; }

build_tpm_addon() {
  say 'building the TPM addon…'
  quietly "$root/native/tpm/build.sh" "$1"
}

install_tpm_addon() {
  if tpm_addon_is_built; then return 0; fi
  install_into "$(tpm_addon_directory)" build_tpm_addon || die 'the TPM addon could not be built'
}
