#!/usr/bin/env bash
# Demonstrates the project: makes .venv, installs, fills holes in bundled pictures and
# trains briefly. PYTHON chooses the interpreter; arguments go to tf_btgmi.demo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/environment.sh
. scripts/environment.sh

# python3 where it fits, else the newest that does.
python=$(find_python 9 13 python3 python3.13 python3.12 python3.11 python3.10 python3.9)
prepare_environment .venv "$python" requirements.txt
exec .venv/bin/python -m tf_btgmi.demo "$@"
