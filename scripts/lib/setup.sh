# shellcheck shell=bash
# Sourced by the scripts: strict mode, the repository's root as working directory, and the set-up
# step that brings the Debian packages of config/apt-packages.txt.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { say "$@"; exit 1; }

# usage: prints the comment at the head of the calling script.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# packages FILE: the names in a package list.
packages() { sed 's/#.*//' "$1" | awk 'NF {print $1}'; }

# missing NAME...: those that are not installed.
missing() {
  local name
  for name in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
      printf '%s\n' "$name"
    fi
  done
}

# as_root COMMAND...: runs it as root; asks for a password only where somebody can give one.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# set_up: installs what is missing, or says what it is and exits 1.
# BOURSE_SKIP_SETUP=1 trusts that everything is there (another distribution, say).
set_up() {
  local names needed
  if [ -n "${BOURSE_SKIP_SETUP:-}" ]; then
    return
  fi
  mapfile -t names < <(packages config/apt-packages.txt)
  if ! command -v dpkg-query apt-get >/dev/null; then
    die "not a Debian system. Install these or their like, then set BOURSE_SKIP_SETUP=1: ${names[*]}"
  fi
  mapfile -t needed < <(missing "${names[@]}")
  if [ "${#needed[@]}" -eq 0 ]; then
    return
  fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    die "neither root nor sudo; missing packages: ${needed[*]}"
  fi

  say "installing ${#needed[@]} packages: ${needed[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  as_root "${apt[@]}" update >&2 || say "apt-get update failed; trying with the lists there are"
  as_root "${apt[@]}" install -y --no-install-recommends "${needed[@]}" >&2 || true
  mapfile -t needed < <(missing "${needed[@]}")
  if [ "${#needed[@]}" -ne 0 ]; then
    die "could not install; missing packages: ${needed[*]}"
  fi
}

# jobs_at_once: how many compilers to run at once: one a core, but each may take up to a gigabyte.
jobs_at_once() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  if [ "${gigabytes:-$cores}" -lt "$cores" ]; then
    cores=$((gigabytes > 1 ? gigabytes : 1))
  fi
  echo "$cores"
}

# build PRESET [TARGET]: configures and builds; all it has to say goes to stderr.
build() {
  cmake --preset "$1" >&2
  cmake --build --preset "$1" -j "$(jobs_at_once)" ${2:+--target "$2"} >&2
}
