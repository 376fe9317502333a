#!/usr/bin/env bash
# Fails when an include points against the layers, or when a pure folder includes what it may not
# know: actors, storage, cryptography, threads, clocks or sockets.
set -euo pipefail
cd "${1:-.}"

bad=0

# includes FOLDER: "file:line:header" for every include in a folder.
includes() {
  [ -d "$1" ] || return 0
  grep -rnE --include='*.hpp' --include='*.cpp' '^[[:space:]]*#[[:space:]]*include' "$1" |
    sed -E 's/^([^:]+:[0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1:\2/' || true
}

# forbid FOLDER PATTERN WHY
forbid() {
  local found
  found=$(includes "$1" | grep -E ":($2)$" || true)
  if [ -n "$found" ]; then
    printf '%s\n' "$found" | sed "s|\$|  ($3)|"
    bad=1
  fi
}

# layer FOLDER MAY-INCLUDE...: of our own folders, only these.
layer() {
  local folder=$1 found allowed
  shift
  allowed=$(IFS='|'; echo "$folder|$*")
  found=$(includes "$folder" | grep -E ":(${folders})/" | grep -vE ":(${allowed%|})/" || true)
  if [ -n "$found" ]; then
    printf '%s\n' "$found" | sed "s|\$|  ($folder may not include that folder)|"
    bad=1
  fi
}

folders='messages|conformance|consensus|market|fairness|config|storage|actors|bench|simulation|app|tests|examples'
layer messages
layer conformance messages
layer consensus messages
layer market messages
layer fairness messages market
layer config messages market
layer storage messages consensus market fairness
layer actors messages conformance consensus market fairness config storage
layer bench messages conformance consensus market fairness config storage actors
layer simulation messages conformance consensus market fairness config storage actors bench
layer app messages conformance consensus market fairness config storage actors bench simulation
layer examples messages consensus market config storage actors

threads='thread|mutex|shared_mutex|condition_variable|atomic|future|stop_token|semaphore|latch|barrier'
system='sys/.*|netinet/.*|arpa/.*|netdb\.h|unistd\.h|poll\.h|pthread\.h|ctime|time\.h|random'
libraries='caf/.*|rocksdb/.*|spdlog/.*|toml\+\+/.*|google/.*|.*\.pb\.h'
for folder in conformance consensus market fairness; do
  forbid "$folder" "$threads|$system|$libraries|sodium.*" "pure folders decide, actors do"
done
forbid messages "$threads|caf/.*|rocksdb/.*|sys/socket\.h|netinet/.*" "messages know no actors and no I/O"
for folder in config storage; do
  forbid "$folder" 'caf/.*' "only actors and what stands on them know CAF"
done
for folder in actors bench simulation app examples config; do
  forbid "$folder" 'rocksdb/.*' "only storage knows RocksDB"
done
for folder in conformance consensus market fairness config storage actors bench simulation app examples; do
  forbid "$folder" '.*\.pb\.h' "protobuf types stay inside the codec"
done

# <chrono> serves durations; the clocks are what a pure folder must not read.
for folder in conformance consensus market fairness; do
  if [ -d "$folder" ] && grep -rnE --include='*.hpp' --include='*.cpp' \
      '\b(system_clock|steady_clock|high_resolution_clock)\b' "$folder"; then
    echo "  (pure folders read no clock)"
    bad=1
  fi
done

exit "$bad"
