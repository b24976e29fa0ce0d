# shellcheck shell=bash disable=SC2034
# Paths of what contrib/install installs and contrib/uninstall removes. Sourced, never
# run.

PYTHON=/usr/bin/python3 # a service cannot run one in a home folder
PROGRAM=/opt/segued
CONFIG=/etc/segued/segued.toml
LIBRARY=/var/lib/segued
COMMANDS=(/usr/local/bin/segued /usr/local/bin/seguectl)
SYSUSERS=/etc/sysusers.d/segued.conf
UNITS=/etc/systemd/system
USER_UNITS=/etc/systemd/user
COMPLETIONS=(
    /usr/local/share/bash-completion/completions/segued
    /usr/local/share/bash-completion/completions/seguectl
)
