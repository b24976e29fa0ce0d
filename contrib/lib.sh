# shellcheck shell=bash
# What the scripts in contrib share: the system packages
# they need, and the Python environment in .venv. Sourced, never run.

set -euo pipefail

ME=contrib/$(basename -- "$(readlink -f -- "$0")")
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
VENV=$HERE/.venv
RUN_PACKAGES=(python3-venv ca-certificates libchromaprint1)
SERVICE_PACKAGES=("${RUN_PACKAGES[@]}" procps)
TEST_PACKAGES=("${SERVICE_PACKAGES[@]}" libchromaprint-tools ffmpeg strace curl tcc chromium systemd libpam-systemd)

# Why a Debian package is needed.
reason_for() {
    case $1 in
        python3-venv) echo "Python's libraries get a place of their own, .venv" ;;
        ca-certificates) echo "to know outside services by their certificates" ;;
        libchromaprint1) echo "acoustic fingerprints" ;;
        libchromaprint-tools) echo "fpcalc, which the tests compare fingerprints with" ;;
        strace) echo "shows the tests that music is only read" ;;
        curl) echo "asks the daemon as anybody can" ;;
        chromium) echo "shows the tests the page as a person sees it" ;;
        tcc) echo "makes a clock that the tests can set" ;;
        ffmpeg) echo "makes and measures the audio files of the tests" ;;
        procps) echo "kill, which \`systemctl reload segued\` uses" ;;
        systemd) echo "the tests boot one, to run segued as a service" ;;
        libpam-systemd) echo "the tests run segued as a person's service as well" ;;
    esac
}

# Whether what a Debian package brings is there, wherever it came from.
present() {
    case $1 in
        python3-venv) makes_environments "$(system_python)" ;;
        ca-certificates) [[ -s /etc/ssl/certs/ca-certificates.crt || ! -e /etc/debian_version ]] ;;
        libchromaprint1) [[ $(PATH=$PATH:/usr/sbin:/sbin ldconfig -p) == *libchromaprint.so.[01]\ * ]] ;;
        libchromaprint-tools) [[ -n $(command -v fpcalc) ]] ;;
        ffmpeg | strace | curl | tcc | chromium) [[ -n $(command -v "$1") ]] ;;
        procps) [[ -x /bin/kill ]] ;;
        systemd) [[ -x /lib/systemd/systemd ]] ;;
        libpam-systemd) [[ -n $(compgen -G '/lib/*/security/pam_systemd.so') ]] ;;
    esac
}

say() {
    printf '%s: %s\n' "$ME" "$*" >&2
}

# End because the machine is not ready, which is no fault of segued or the music.
give_up() {
    say "$@"
    exit 2
}

# Print the Python to use, if there is one. The system's own comes first: one
# from somebody's home folder cannot be run by a service.
system_python() {
    local candidate
    for candidate in /usr/bin/python3 python3 python3.{14,13,12,11}; do
        if is_recent "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

is_recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

makes_environments() {
    [[ -n $1 ]] && "$1" -c 'import ensurepip, venv' 2>/dev/null
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -n "$@"
    fi
}

# Show the end of what a command said.
show_end() {
    printf '%s\n' "$1" | tail -n 12 | sed 's/^/    /' >&2
}

may_be_root() {
    ((EUID == 0)) || sudo -n true 2>/dev/null
}

# Run apt-get in silence, after whoever else is running it; show what it said
# if it fails. Its own patience covers one of its three locks only.
apt_get() {
    local said give_up_at=$((SECONDS + 600))
    while ! said=$(as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        apt-get -y -qq -o DPkg::Lock::Timeout=120 "$@" 2>&1 </dev/null); do
        if [[ $said == *"Could not get lock"* ]] && ((SECONDS < give_up_at)); then
            sleep 5
            continue
        fi
        show_end "$said"
        return 1
    done
}

# Install those of the Debian packages given that are missing, after saying
# which and why. Fails if something is missing afterwards.
install_packages() {
    local missing=() package
    for package in "$@"; do
        present "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    say "missing on this machine:"
    for package in "${missing[@]}"; do
        printf '    %-22s%s\n' "$package" "$(reason_for "$package")" >&2
    done
    if [[ -z $(command -v apt-get) ]]; then
        say "there is no apt-get here; install what corresponds to these"
        return 1
    fi
    if ! may_be_root; then
        say "installing them needs root. Once, as root:"
        printf '    apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
        return 1
    fi
    say "installing them with apt-get, and what they need in turn (a minute or two)"
    apt_get update || say "the package lists could not be refreshed; trying without"
    apt_get install --no-install-recommends "${missing[@]}"
}

# What .venv depends on: this folder, its Python, and, with "libraries", what
# pyproject.toml asks for. Prints nothing when .venv does not work.
stamp() {
    local version
    version=$("$VENV/bin/python" -c 'import sys; print(sys.prefix, sys.version_info[:2])' 2>/dev/null) || return 0
    printf '%s ' "$HERE" "$version"
    if [[ $1 == libraries ]]; then
        sha256sum <"$HERE/pyproject.toml"
    fi
}

fresh() {
    local now
    now=$(stamp "$2")
    [[ -n $now && -e $VENV/.$1 && $(<"$VENV/.$1") == "$now" ]]
}

# Make .venv hold segued for `run` or for `test`; at once when it does. The
# tests prove what the extras do as well, so they get those.
environment() {
    local purpose=$1 wanted=.
    [[ $purpose == run ]] || wanted=".[$purpose,essentia,tags]"
    fresh "$purpose" libraries && return

    # One set-up at a time, should two be started together.
    exec {lock}<"$HERE"
    flock "$lock"
    if ! fresh "$purpose" libraries; then
        system_packages "$purpose" || true # each is looked at where it is needed
        build "$purpose" "$wanted"
    fi
    exec {lock}<&-
}

system_packages() {
    case $1 in
        test) install_packages "${TEST_PACKAGES[@]}" ;;
        service) install_packages "${SERVICE_PACKAGES[@]}" ;;
        run) install_packages "${RUN_PACKAGES[@]}" ;;
    esac
}

build() {
    local interpreter said
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
    cd -- "$HERE"
    if ! fresh base place; then
        interpreter=$(capable_python)
        [[ -n $interpreter ]] || give_up "needs Python 3.11 or later with its venv module"
        "$interpreter" -m venv --clear "$VENV" >&2 || give_up "cannot make $VENV"
        stamp place >"$VENV/.base"
    fi
    say "installing the Python libraries into .venv (once, about 300 MB)"
    if ! said=$("$VENV/bin/python" -m pip install --quiet --editable "$2" 2>&1 </dev/null); then
        show_end "$said"
        give_up "the Python libraries could not be installed; see above, then try again"
    fi
    stamp libraries >"$VENV/.run" # what tests need is enough to run, too
    stamp libraries >"$VENV/.$1"
}

# The system's Python if it can make environments, else any that can.
capable_python() {
    local candidate
    for candidate in "$(system_python)" python3 python3.{14,13,12,11}; do
        if [[ -n $candidate ]] && is_recent "$candidate" && makes_environments "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}
