#!/usr/bin/env bash
# Reports of results made on the spot, opened in a headless Chromium: of the backoff study, of a
# tune, and of a folder in which every command has left its results. And the trace of a run, opened in
# a viewer that is not ours.
#
#   tests/browser/run.sh PROGRAM
#
# It fails where the program does, or where the browser finds a fault.
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

run() {
  local code=0
  "$program" "$@" >"$results/log" 2>&1 || code=$?
  # 3: the SLA is missed, which is a result.
  if [ "$code" -ne 0 ] && [ "$code" -ne 3 ]; then
    echo "trunksim $* ended with $code:" >&2
    tail -n 20 "$results/log" >&2
    exit 1
  fi
}

small=tests/studies/tune.toml
# Three minutes of a study of days, the first burst of API calls brought into them.
run sweep experiments/backoff.toml --replications 2 --set horizon=3m --set warmup=1m \
  --set tenants.agent_scripts.arrivals.spikes.0.at=70s --out "$results/backoff"
run tune "$small" --out "$results/tune"
# One folder, four commands; the last is of another study.
for command in sweep compare tune; do
  run "$command" "$small" --out "$results/all"
done
run sensitivity tests/studies/screened.toml --out "$results/all"
for folder in backoff tune all; do
  run report "$results/$folder"
done
node tests/browser/report.mjs "$results"/{backoff,tune,all}/report.html
run run models/apac.toml --timeline "$results/run"
(cd tests/browser && node ../timeline/speedscope.mjs "$results/run/trace.json")
