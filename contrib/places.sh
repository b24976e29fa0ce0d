# shellcheck shell=bash disable=SC2034
# Where contrib/install installs the program, and how it runs `segued service` without
# it. Sourced, never run.

PYTHON=/usr/bin/python3 # a service cannot run one in a home folder
PROGRAM=/opt/segued
CONFIG=/etc/segued/segued.toml
LIBRARY=/var/lib/segued

# Run `segued service` from this folder. It needs no library, and writes no bytecode.
service() {
    PYTHONPATH=$HERE/daemon "$PYTHON" -P -B -m segued service "$@"
}
