#!/usr/bin/env bash
# Fills a hole by REST, with curl: request.sh IMAGE MASK OUTPUT.png [HOST:PORT]
set -euo pipefail
image=$1 mask=$2 output=$3 host=${4:-localhost:8501}

# The request goes through a pipe: a picture is too long for a command line.
answer=$({
  printf '{"instances": [{"image_bytes": {"b64": "'
  base64 -w 0 "$image"
  printf '"}, "mask_bytes": {"b64": "'
  base64 -w 0 "$mask"
  printf '"}}]}'
} | curl --silent --show-error --fail-with-body --data-binary @- \
  "http://$host/v1/models/btgmi:predict") || {
  echo "$answer" >&2
  exit 1
}
# {"predictions": [{"composite_bytes": {"b64": "..."}, "error": ""}]}
answer=$(printf '%s' "$answer" | tr '\n' ' ')
error=$(printf '%s' "$answer" | sed -E -n 's/.*"error": *"((\\.|[^"\\])*)".*/\1/p')
if [ -n "$error" ]; then
  echo "$error" >&2
  exit 1
fi
printf '%s' "$answer" |
  sed 's/.*"composite_bytes": *{ *"b64": *"\([^"]*\)".*/\1/' | base64 -d > "$output"
