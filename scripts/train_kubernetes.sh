#!/usr/bin/env bash
# One worker of the Indexed Job in export/kubernetes/train.yaml; docs/scaling.md.
# Arguments go to tf_btgmi.train.
#
#   JOB_COMPLETION_INDEX   this worker's number, given by Kubernetes
#   NUM_WORKERS            how many there are
#   SERVICE                name of the job and of its headless service
#   PORT                   that workers listen on
#   PYTHON                 the interpreter
#
# Exit code: the training's; 75 where it was stopped and saved before its end, so that
# the job starts it again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

workers=
for ((index = 0; index < ${NUM_WORKERS:?is set by export/kubernetes/train.yaml}; index++)); do
  workers+="${workers:+, }\"$SERVICE-$index.$SERVICE:$PORT\""
done
export TF_CONFIG='{"cluster": {"worker": ['$workers']}, "task": {"type": "worker", "index": '$JOB_COMPLETION_INDEX'}}'

log=$(mktemp)
"${PYTHON:-python}" -m tf_btgmi.train --strategy=multi_worker "$@" 2> >(tee "$log" >&2) &
training=$!
# A shell hands no signals on by itself.
trap 'kill -TERM "$training"' TERM
code=0
wait "$training" || code=$?
# A signal ends the first wait, not the training.
while kill -0 "$training" 2>/dev/null; do
  code=0
  wait "$training" || code=$?
done
# For tee's last line.
sleep 1
if [ "$code" = 0 ] && ! grep -q "Finished: " "$log"; then
  exit 75
fi
exit "$code"
