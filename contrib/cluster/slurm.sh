#!/usr/bin/env bash
# A node of segued on each machine of a Slurm allocation:
#
#     sbatch --nodes=50 contrib/cluster/slurm.sh /shared/segued/keys
#
# The folder holds a key for each machine, named after it (`segued cluster key NAME
# --output NAME.pem`), and node.toml with the music as it is mounted there. A node is told
# to stop before the time limit; the daemon gives its files to others.
#
#SBATCH --job-name=segued-node
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@30

set -euo pipefail
keys=${1:?the folder with the keys and node.toml}

# shellcheck disable=SC2016 # expanded on each machine
exec srun bash -c '
    host=$(hostname --short)
    export SEGUED_NODE__KEY_FILE=$1/$host.pem SEGUED_NODE__SPOOL=${TMPDIR:-/tmp}/segued-$host
    exec segued node --config "$1/node.toml"
' segued-node "$keys"
