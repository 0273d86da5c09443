#!/usr/bin/env bash
# Trains the compact presets of earlier systems for STEPS steps each and puts them into
# one table with the classical methods:
#
#   bash scripts/earlier_systems.sh PHOTOGRAPHS TEST_PHOTOGRAPHS OUTPUT [STEPS [MODEL...]]
#
# MODELs, as NAME=PLACE, stand in the same table. The same command resumes where it was
# stopped. PYTHON chooses the interpreter (default .venv/bin/python).
set -euo pipefail
[ $# -ge 3 ] || {
  echo "Give PHOTOGRAPHS TEST_PHOTOGRAPHS OUTPUT [STEPS [MODEL...]]." >&2
  exit 2
}
photographs=$(realpath -m "$1") test=$(realpath -m "$2") output=$(realpath -m "$3")
steps=${4:-1000}
shift "$(($# < 4 ? $# : 4))"
others=()
for model in "$@"; do
  place=${model#*=}
  [ ! -e "$place" ] || place=$(realpath "$place")
  others+=("--model=${model%%=*}=$place")
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-.venv/bin/python}

# train NAME FLAG...: as many steps as all of them, a third at 64 px where that is
# possible, phases and decay in the papers' proportions.
models=()
train() {
  local name=$1
  shift
  "$python" -m tf_btgmi.train --config="configs/${name}_outdoor_128.py" \
    --workdir="$output/$name" --config.data.source="folder:$photographs" \
    --config.procedure.head_steps="$steps" "$@"
  models+=("--model=$name=$output/$name")
}
train context_encoder
train globally_locally --config.procedure.warmup_steps=$((steps / 3)) \
  --config.procedure.generator_only_steps=$((steps * 18 / 100)) \
  --config.procedure.discriminator_only_steps=$((steps * 2 / 100))
train pix2pixhd --config.procedure.warmup_steps=$((steps / 3)) \
  --config.procedure.learning_rate_decay_steps=$((steps / 2))

"$python" -m tf_btgmi.evaluate --data="$test" --mask_kind=rectangles --seed=0 \
  --image_size=128 "${models[@]}" "${others[@]}" --output="$output/evaluation"
