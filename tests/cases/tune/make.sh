#!/bin/sh
# Makes the tables of this folder anew, from the root of the repository: about 50,000 runs, an hour
# of one core.
#
#   truth-cost.csv, truth-level.csv   brute force: every point of experiments/tune.toml a hundred
#       times, under a seed that no tuning has; a row per point, its number and then a column per
#       replication: the cost, and service_level_end_to_end
#   claim.csv   what ten tunings of it, seeds 1 to 10, asked for: a row per run
#   chosen.csv  what each of them recommended, and its runs
set -eu
trunksim=${TRUNKSIM:-target/release/trunksim}
out=${OUT:-output/tune-claim}
here=tests/cases/tune

"$trunksim" sweep experiments/tune.toml --seed 4001 --replications 100 --out "$out/truth" >/dev/null
for seed in 1 2 3 4 5 6 7 8 9 10; do
    "$trunksim" tune experiments/tune.toml --seed $seed --out "$out/$seed" >/dev/null
done

# Columns of runs.csv by their name; levels may hold quoted commas nowhere in this study.
wide='BEGIN { FS = "," }
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $1 != last { if (NR > 2) printf "\n"; printf "%s", $1; last = $1 }'
awk "$wide"' { printf ",%.2f", $at["failovers"] + 0.01 * $at["api_attempts"] } END { print "" }' \
    "$out/truth/runs.csv" >$here/truth-cost.csv
awk "$wide"' { printf ",%.5f", $at["service_level_end_to_end"] } END { print "" }' \
    "$out/truth/runs.csv" >$here/truth-level.csv

echo seed,point,replication,failovers,api_attempts,service_level,service_level_end_to_end \
    >$here/claim.csv
echo seed,point,runs,race,fresh,saved >$here/chosen.csv
for seed in 1 2 3 4 5 6 7 8 9 10; do
    awk -v seed=$seed 'BEGIN { FS = "," }
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { printf "%d,%d,%d,%d,%d,%.5f,%.5f\n", seed, $1, $2, $at["failovers"],
              $at["api_attempts"], $at["service_level"], $at["service_level_end_to_end"] }' \
        "$out/$seed/runs.csv" >>$here/claim.csv
    python3 - "$out/$seed/tune.json" $seed >>$here/chosen.csv <<'END'
import json, sys
result = json.load(open(sys.argv[1]))
runs = result["runs"]
print(sys.argv[2], result["recommended"]["point"], runs["total"], runs["race"], runs["fresh"],
      f'{runs["saved"]:.4f}', sep=",")
END
done
