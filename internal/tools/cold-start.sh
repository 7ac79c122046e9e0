#!/usr/bin/env bash
# Measures what a newcomer waits for: everything from a fresh clone with empty Go caches, then
# again with warm ones. Prints a Markdown table for docs/performance.md. Takes some 15 minutes.
set -euo pipefail
cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir" && rm -rf "$dir"' EXIT
git clone -q . "$dir/casdoctor"
cd "$dir/casdoctor"
export GOCACHE=$dir/build GOMODCACHE=$dir/mod GOLANGCI_LINT_CACHE=$dir/lint

# step NAME command…: wall and processor time of one step.
step() {
  local name=$1; shift
  local TIMEFORMAT='%R %U %S' out
  out=$( { time "$@" >"$dir/log" 2>&1; } 2>&1 ) || { cat "$dir/log"; exit 1; }
  awk -v n="$name" '{printf "| %s | %d s | %d s |\n", n, $1+0.5, $2+$3+0.5}' <<<"$out"
}
echo "| Step | Wall | CPU |"
echo "|---|---|---|"
step 'download the modules' go mod download
step '`go test ./checks/...`, empty build cache' go test ./checks/...
step '`make demo`, empty build cache' make demo
step '`make test`, after it (linters and race detector from nothing)' make test
step '`make test`, warm' make test
step '`make demo`, warm' make demo
echo
echo "$(nproc) cores, $(go version), binary $(du -m casdoctor | cut -f1) MB, stripped"
