#!/bin/sh
# Every notebook of this folder on fresh accounts; the sandbox ends with the run.
set -eu
cd "$(dirname "$0")"
XACCT_LAB=$(mktemp -d)
export XACCT_LAB
trap 'xacct stop >/dev/null; rm -rf "$XACCT_LAB"' EXIT
pytest --nbval --nbval-current-env --nbval-cell-timeout 60 --nbval-sanitize-with sanitize.cfg "$@" .
