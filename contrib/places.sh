# shellcheck shell=bash disable=SC2034
# Where contrib/install puts what, and contrib/uninstall finds it. Sourced,
# never run.

PYTHON=/usr/bin/python3 # a service cannot run one from somebody's home folder
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
