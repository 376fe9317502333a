#!/usr/bin/env bash
# tests/simulation/seeds.sh BOURSE SEEDS FOLDER: that many clusters must pass, and between them have
# every fault and every lie that there is, if they are many. Leaves the summary in FOLDER/seeds.json.
set -euo pipefail
bourse=$1 seeds=$2 folder=$3

"$bourse" sim --seeds "$seeds" --first-seed 1 --json --traces "$folder" >"$folder/seeds.json" || {
  cat "$folder/seeds.json"
  exit 1
}
[ "$seeds" -ge 1000 ] || exit 0
never=$(sed -n '/^  "\(faults\|lies\)": {/,/^  }/s/^ *\("[a-z_]*"\): 0,\{0,1\}$/\1/p' "$folder/seeds.json")
[ -z "$never" ] || { echo "never happened: $never"; exit 1; }
