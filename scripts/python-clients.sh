#!/usr/bin/env bash
# Makes the environments in which tests find the clients of both Python SDKs, and a server that is written in
# Python, and prints what to set for them:
#   clients="$(scripts/python-clients.sh)" && eval "$clients" && npx vitest run test/interop
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-python3}"
command -v "$python" >/dev/null || {
  echo "python-clients: $python was not found. Install Python 3.10 or later, or name it in PYTHON" >&2
  exit 1
}

# environment NAME PACKAGE…: prints its interpreter. It is made anew when other packages are asked for.
environment() {
  local folder="$PWD/node_modules/.cache/portcullis/python/$1"
  shift
  if [ "$(cat "$folder/packages" 2>/dev/null)" != "$*" ]; then
    "$python" -m venv --clear "$folder" >&2
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
    echo "$*" >"$folder/packages"
  fi
  echo "$folder/bin/python"
}

first="$(environment sdk-1 'mcp==1.30.0')"
second="$(environment sdk-2 'mcp==2.3.0' 'mcp-server-time==2026.10.19')"
echo "export PORTCULLIS_TEST_PYTHON='$first'"
echo "export PORTCULLIS_TEST_PYTHON2='$second'"
