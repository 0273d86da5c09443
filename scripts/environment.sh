# shellcheck shell=bash
# Sourced by the other scripts: finds a Python and keeps a virtual environment.

# One clear line, and out.
fail() {
  echo "$1" >&2
  exit 2
}

# Prints VERSION as major.minor, or nothing if the command is no working Python.
python_version() {
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

# find_python OLDEST NEWEST [NAME...]: prints the interpreter to use, which is $PYTHON
# where it is set, else the first NAME (default python3) with a version in the range.
# The versions are minor numbers of Python 3.
find_python() {
  local oldest=$1 newest=$2 name version wanted
  shift 2
  wanted="Python 3.$oldest to 3.$newest"
  if [ -n "${PYTHON:-}" ]; then
    version=$(python_version "$PYTHON")
    [ -n "$version" ] || fail "PYTHON=$PYTHON is no working Python; name one of $wanted."
    in_range "$version" "$oldest" "$newest" ||
      fail "PYTHON=$PYTHON is Python $version; this needs $wanted."
    echo "$PYTHON"
    return
  fi
  for name in "$@"; do
    version=$(python_version "$name")
    if [ -n "$version" ] && in_range "$version" "$oldest" "$newest"; then
      echo "$name"
      return
    fi
  done
  fail "No $wanted found (looked for: $*). Install one, or set PYTHON=/path/to/python."
}

in_range() {
  [ "${1%%.*}" = 3 ] && [ "${1#*.}" -ge "$2" ] && [ "${1#*.}" -le "$3" ]
}

# prepare_environment DIR PYTHON FILE...: makes the virtual environment DIR, or takes
# the one that is there, and installs the requirements FILEs into it unless they are
# the ones it was last given.
prepare_environment() {
  local dir=$1 python=$2 file current=yes arguments=()
  shift 2
  if [ -x "$dir/bin/python" ] && "$dir/bin/python" -m pip --version >/dev/null 2>&1; then
    local have want
    have=$(python_version "$dir/bin/python")
    want=$(python_version "$python")
    [ "$have" = "$want" ] || fail "$dir holds Python $have and $python is $want;\
 remove $dir, or set PYTHON to a Python $have."
  else
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
      fail "$python has no venv module (Debian, Ubuntu: apt install python3-venv)."
    echo "Making $dir with $("$python" --version)."
    "$python" -m venv "$dir"
    current=no
  fi
  for file in "$@"; do
    arguments+=(-r "$file")
    cmp -s "$file" "$dir/installed-$(basename "$file")" || current=no
  done
  [ "$current" = yes ] && return
  echo "Installing $* into $dir; the first time takes a few minutes."
  # -qq leaves errors only. An old pip takes very long to find versions that fit.
  # Python compiles what it imports; pip would compile everything first.
  local install=("$dir/bin/python" -m pip install -qq --disable-pip-version-check)
  "${install[@]}" --upgrade pip
  "${install[@]}" --no-compile "${arguments[@]}"
  for file in "$@"; do
    cp "$file" "$dir/installed-$(basename "$file")"
  done
}
