#!/usr/bin/env bash
# Fails unless the program in README.md stands, line for line, in examples/place_order.cpp.
set -euo pipefail
shown=$(sed -n '/^```cpp$/,/^```$/p' README.md | sed '1d;$d')
[ -n "$shown" ] || { echo "README.md shows no program"; exit 1; }
case "$(cat examples/place_order.cpp)" in
  *"$shown"*) ;;
  *) echo "README.md and examples/place_order.cpp differ"; exit 1 ;;
esac
