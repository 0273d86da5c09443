#!/usr/bin/env bash
# Lints and tests: makes .venv, installs, runs ruff and the fast tests.
#
#   STACK=keras3   TensorFlow 2.21 and Keras 3, in .venv-keras3, whatever the Python
#   PYTHON=...     the interpreter
#   VENV=...       where the virtual environment is
#
# Arguments go to pytest: `scripts/test.sh -m slow`, `scripts/test.sh tests/ops`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/environment.sh
. scripts/environment.sh

names=(python3 python3.13 python3.12 python3.11 python3.10)
case "${STACK:-}" in
  "")
    venv=${VENV:-.venv}
    requirements="requirements.txt"
    python=$(find_python 9 13 "${names[@]}" python3.9)
    ;;
  keras3)
    venv=${VENV:-.venv-keras3}
    requirements="requirements-keras3.txt"
    python=$(find_python 10 13 "${names[@]}")
    ;;
  *) fail "STACK=$STACK is unknown; leave it unset, or set STACK=keras3." ;;
esac

prepare_environment "$venv" "$python" "$requirements" requirements-dev.txt
run=$venv/bin/python
"$run" -m pip check
"$run" -m ruff check .
"$run" -m ruff format --check .
# No GPU: the tests compare numbers that a GPU rounds differently.
# Two processes, a file of tests each: most tests use one core, being busy with tracing.
# More threads would wait for each other: with two on a busy machine, the tests of
# benchmarks/finetune_colors.py take 86 instead of 11 s.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
CUDA_VISIBLE_DEVICES=-1 "$run" -m pytest -m "not slow" -n 2 --dist loadfile "$@"
