#!/bin/sh
# Makes the tables of this folder anew, from the root of the repository: about 45,000 runs, an hour
# of one core.
#
#   truth-cost.csv, truth-queue.csv, truth-calls.csv   brute force: every point of
#       experiments/tune.toml a hundred times, under a seed that no tuning has; a row per point, its
#       number and then a column per replication, of the cost, of service_level and of
#       service_level_end_to_end
#   chosen.csv  what tunings of it recommended, by seed, and the runs they took
set -eu
trunksim=${TRUNKSIM:-target/release/trunksim}
out=${OUT:-output/tune-claim}
seeds=${SEEDS-1 2 3 4 5 6 7 8 9 10}
here=tests/cases/tune

"$trunksim" sweep experiments/tune.toml --seed 4001 --replications 100 --out "$out/truth" >/dev/null
for seed in $seeds; do
    "$trunksim" tune experiments/tune.toml --seed "$seed" --out "$out/$seed" >/dev/null
done

# Columns of runs.csv by their names. A comma within a quoted level goes first.
wide='BEGIN { FS = ","; last = "none" }
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $1 != last { if (NR > 2) printf "\n"; printf "%s", $1; last = $1 }'
truth() {
    sed 's/"\([^",]*\),\([^"]*\)"/\1\2/g' "$out/truth/runs.csv" |
        awk "$wide { printf \",$2\", $3 } END { print \"\" }" >$here/truth-$1.csv
}
truth cost %.2f '$at["failovers"] + 0.01 * $at["api_attempts"]'
truth queue %.4f '$at["service_level"]'
truth calls %.4f '$at["service_level_end_to_end"]'

echo seed,point,runs,replications_of_recommended >$here/chosen.csv
for seed in $seeds; do
    json=$out/$seed/tune.json
    number() { sed -n "/\"$1\": {/,/}/s/.*\"$2\": \([0-9]*\).*/\1/p" "$json" | head -1; }
    echo "$seed,$(number recommended point),$(number runs total),$(number runs \
        replications_of_recommended)" >>$here/chosen.csv
done
