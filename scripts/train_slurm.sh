#!/usr/bin/env bash
# Trains on several machines of a SLURM cluster, one worker per machine; docs/scaling.md.
#
#   sbatch --nodes=4 scripts/train_slurm.sh --config=configs/places365_256.py \
#       --config.data.validation_source= --workdir=/shared/runs/places \
#       --config.data.source='tfrecord:/shared/shards/*'
#
# From the checkout's root, which all machines must see, as they must the workdir.
# PYTHON names the interpreter. The same command resumes where a job has ended.
#SBATCH --job-name=btgmi
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --open-mode=append
# SIGTERM two minutes before the time is up: the training saves and ends.
#SBATCH --signal=TERM@120
set -euo pipefail

if [ -z "${SLURM_STEP_ID:-}" ]; then
  # The batch script's own place ($0) is a copy on the first machine only. Where one
  # worker fails the others cannot go on, so all end.
  exec srun --kill-on-bad-exit=1 bash "${SLURM_SUBMIT_DIR:?Start this by sbatch; see docs/scaling.md}/scripts/train_slurm.sh" "$@"
fi

mapfile -t hosts < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
if [ "${#hosts[@]}" != "$SLURM_NTASKS" ]; then
  echo "Start one task per machine; $SLURM_NTASKS tasks are on ${#hosts[@]}." >&2
  exit 2
fi
# Jobs that share a machine should not share a port.
port=$((20000 + SLURM_JOB_ID % 10000))
workers=$(printf '"%s:'"$port"'",' "${hosts[@]}")
export TF_CONFIG='{"cluster": {"worker": ['${workers%,}']}, "task": {"type": "worker", "index": '$SLURM_PROCID'}}'
cd "$SLURM_SUBMIT_DIR"
# exec, so that SIGTERM reaches the training.
exec "${PYTHON:-.venv/bin/python}" -m tf_btgmi.train --strategy=multi_worker "$@"
