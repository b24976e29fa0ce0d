# shellcheck shell=bash
# Functions that the scripts in contrib share: install system packages, and create the
# Python environment in .venv. Sourced, never run.

set -euo pipefail

ME=contrib/$(basename -- "$(readlink -f -- "$0")")
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
VENV=$HERE/.venv
RUN_PACKAGES=(python3-venv ca-certificates libchromaprint1)
SERVICE_PACKAGES=("${RUN_PACKAGES[@]}" procps)
TEST_PACKAGES=("${SERVICE_PACKAGES[@]}" libchromaprint-tools ffmpeg strace curl tcc chromium systemd libpam-systemd fish zsh mandoc mpd mpc mosquitto liquidsoap acl)

CONTAINER_PACKAGES=(buildah podman crun mmdebstrap)

# Print why a Debian package is needed.
reason_for() {
    case $1 in
        python3-venv) echo "creates .venv, a folder for the Python libraries" ;;
        ca-certificates) echo "verifies the certificates of services on the network" ;;
        libchromaprint1) echo "computes acoustic fingerprints" ;;
        libchromaprint-tools) echo "provides fpcalc, with whose fingerprints the tests compare" ;;
        strace) echo "shows the tests which files are opened for writing" ;;
        curl) echo "sends the requests of the tests to the daemon" ;;
        chromium) echo "displays the page for the tests" ;;
        tcc) echo "compiles a clock that the tests can set" ;;
        mosquitto) echo "takes the events of the tests" ;;
        mpd | mpc | liquidsoap) echo "plays what the tests export" ;;
        ffmpeg) echo "encodes and measures the audio files of the tests" ;;
        procps) echo "provides kill, which \`systemctl reload segued\` runs" ;;
        systemd) echo "is booted by the tests, to run segued as a service" ;;
        acl) echo "opens folders to an account in the tests" ;;
        fish | zsh) echo "completes commands in the tests" ;;
        buildah) echo "builds the image" ;;
        podman | crun) echo "runs containers" ;;
        mmdebstrap) echo "creates a Debian to build on" ;;
        prometheus) echo "reads the metrics" ;;
        mandoc) echo "checks the man pages in the tests" ;;
        libpam-systemd) echo "lets the tests run segued as a service of one user" ;;
    esac
}

# Return whether the files of a Debian package are installed, by whatever means.
present() {
    case $1 in
        python3-venv) makes_environments "$(system_python)" ;;
        ca-certificates) [[ -s /etc/ssl/certs/ca-certificates.crt || ! -e /etc/debian_version ]] ;;
        libchromaprint1) [[ $(PATH=$PATH:/usr/sbin:/sbin ldconfig -p) == *libchromaprint.so.[01]\ * ]] ;;
        libchromaprint-tools) [[ -n $(command -v fpcalc) ]] ;;
        ffmpeg | strace | curl | tcc | chromium | fish | zsh | mandoc | mpd | mpc | liquidsoap | buildah | podman | crun | mmdebstrap | prometheus) [[ -n $(command -v "$1") ]] ;;
        procps) [[ -x /bin/kill ]] ;;
        acl) [[ -n $(command -v setfacl) ]] ;;
        mosquitto) [[ -x /usr/sbin/mosquitto ]] ;;
        systemd) [[ -x /lib/systemd/systemd ]] ;;
        libpam-systemd) [[ -n $(compgen -G '/lib/*/security/pam_systemd.so') ]] ;;
    esac
}

say() {
    printf '%s: %s\n' "$ME" "$*" >&2
}

# Exit with code 2: the machine lacks something, nothing else has failed.
give_up() {
    say "$@"
    exit 2
}

# Print the path of the Python to use, if there is one. The system's comes first: a
# service cannot run one in a home folder.
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

# Print the last 12 lines of the output of a command.
show_end() {
    printf '%s\n' "$1" | tail -n 12 | sed 's/^/    /' >&2
}

may_be_root() {
    ((EUID == 0)) || sudo -n true 2>/dev/null
}

# Run apt-get without output, and print its output if it fails. Retries for ten minutes
# while another apt-get runs: DPkg::Lock::Timeout covers only one of the three locks.
apt_get() {
    local output deadline=$((SECONDS + 600))
    while ! output=$(as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        apt-get -y -qq -o DPkg::Lock::Timeout=120 "$@" 2>&1 </dev/null); do
        if [[ $output == *"Could not get lock"* ]] && ((SECONDS < deadline)); then
            sleep 5
            continue
        fi
        show_end "$output"
        return 1
    done
}

# Print which of the given Debian packages are missing, and why they are needed, then
# install them. Fails if one cannot be installed.
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
        hint_elsewhere "${missing[@]}"
        return 1
    fi
    if ! may_be_root; then
        say "installing them needs root. Once, as root:"
        printf '    apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
        return 1
    fi
    say "updating the package lists"
    apt_get update || say "the package lists could not be updated; continuing without"
    say "installing them and their dependencies with apt-get: $(size_of_packages "${missing[@]}")"
    apt_get install --no-install-recommends "${missing[@]}"
}

# Print what apt-get would download and how much disk that takes, for people.
size_of_packages() {
    local sizes
    # It asks nobody: without a change, it says what it would do.
    sizes=$(as_root env LC_ALL=C apt-get install --assume-no --no-install-recommends "$@" 2>/dev/null </dev/null |
        sed -n -E 's/^Need to get (.*) of archives\.$/\1 to download/p
            s/^After this operation, (.*) of additional disk space will be used\.$/\1 on the disk/p') || true
    sizes=${sizes//$'\n'/, }
    echo "${sizes:-a minute or two}"
}

# Print the command that installs Debian packages where there is no apt-get.
hint_elsewhere() {
    local id name column names=()
    id=$(. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo " ${ID-} ${ID_LIKE-} ")
    case $id in
        *" fedora "* | *" rhel "*) column=1 ;;
        *" arch "*) column=2 ;;
        *" nixos "*) column=3 ;;
        *)
            say "there is no apt-get on this machine; install the equivalents of these packages"
            return
            ;;
    esac
    for name in "$@"; do
        name=$(names_elsewhere "$name" | cut -d ' ' -f "$column")
        [[ $name == - ]] || names+=("$name")
    done
    say "there is no apt-get on this machine; install them with:"
    case $column in
        1) printf '    sudo dnf install %s\n' "${names[*]}" >&2 ;;
        2) printf '    sudo pacman -S --needed %s\n' "${names[*]}" >&2 ;;
        3) printf '    nix-shell -p %s\n' "${names[*]}" >&2 ;;
    esac
}

# Print the names of a Debian package in Fedora, in Arch and in NixOS; "-" for none.
names_elsewhere() {
    case $1 in
        python3-venv) echo "python3 python python3" ;;
        ca-certificates) echo "ca-certificates ca-certificates cacert" ;;
        libchromaprint1) echo "libchromaprint chromaprint chromaprint" ;;
        libchromaprint-tools) echo "chromaprint-tools chromaprint chromaprint" ;;
        procps) echo "procps-ng procps-ng procps" ;;
        ffmpeg) echo "ffmpeg-free ffmpeg ffmpeg" ;;
        libpam-systemd) echo "systemd-pam systemd -" ;;
        *) echo "$1 $1 $1" ;;
    esac
}

# Print what .venv depends on: this folder, its Python, and with "libraries" also the
# hash of pyproject.toml. Prints nothing if .venv does not work.
stamp() {
    local version
    version=$("$VENV/bin/python" -c 'import sys; print(sys.prefix, sys.version_info[:2])' 2>/dev/null) || return 0
    printf '%s ' "$HERE" "$version"
    if [[ $1 == libraries ]]; then
        sha256sum <"$HERE/pyproject.toml"
    fi
}

# Return whether the stamp in .venv/.$1 is still the present one, made with argument $2.
fresh() {
    local now
    now=$(stamp "$2")
    [[ -n $now && -e $VENV/.$1 && $(<"$VENV/.$1") == "$now" ]]
}

# Install segued into .venv for `run` or for `test`, unless it is installed. The tests
# also cover the extras, so these are installed for them.
environment() {
    local purpose=$1 wanted=.
    case $purpose in
        run) ;;
        python) wanted=".[test]" ;; # the extras are not there for each Python
        *) wanted=".[$purpose,essentia,tags]" ;;
    esac
    fresh "$purpose" libraries && return

    # Only one script at a time installs; others wait for the lock.
    exec {lock}<"$HERE"
    flock "$lock"
    if ! fresh "$purpose" libraries; then
        system_packages "$purpose" || true # each script checks the ones it needs
        build "$purpose" "$wanted"
    fi
    exec {lock}<&-
}

system_packages() {
    case $1 in
        test) install_packages "${TEST_PACKAGES[@]}" ;;
        service) install_packages "${SERVICE_PACKAGES[@]}" ;;
        run) install_packages "${RUN_PACKAGES[@]}" ;;
        container) install_packages "${CONTAINER_PACKAGES[@]}" ;;
    esac
}

build() {
    local interpreter output growth code=0 began=$SECONDS
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
    cd -- "$HERE"
    if ! fresh base place; then
        interpreter=$(capable_python)
        [[ -n $interpreter ]] || give_up "this needs Python 3.11 or later with its venv module"
        say "creating .venv with $interpreter"
        "$interpreter" -m venv --clear "$VENV" >&2 || give_up "cannot create $VENV"
        stamp place >"$VENV/.base"
    fi
    say "installing the Python libraries into ${VENV##*/} (once, about $([[ $1 == run ]] && echo 300 || echo 800) MB)"
    show_growth {lock}<&- &
    growth=$!
    output=$("$VENV/bin/python" -m pip install --quiet --editable "$2" 2>&1 </dev/null) || code=$?
    kill "$growth" 2>/dev/null || true
    if ((code)); then
        show_end "$output"
        give_up "the Python libraries could not be installed; see above, then try again"
    fi
    say "installed in $((SECONDS - began)) s"
    stamp libraries >"$VENV/.run" # the libraries for tests include those for run
    stamp libraries >"$VENV/.$1"
}

# Print the size of a folder, as "298 MB"; on a busy disk, nothing after some seconds.
size_of() {
    timeout 5 du --summarize --block-size=1MB -- "$1" 2>/dev/null | sed 's/\t.*/ MB/' || true
}

# Print how much is in .venv, every few seconds until killed, or until this script has
# ended: pip is silent for minutes.
show_growth() {
    local start=$SECONDS size
    while sleep 10 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do
        size=$(size_of "$VENV")
        say "    ${size:+$size so far, }after $((SECONDS - start)) s"
    done
}

# Print the path of the system's Python if it can create environments, else of any that
# can.
capable_python() {
    local candidate
    if [[ -n ${WANTED_PYTHON-} ]]; then
        echo "$WANTED_PYTHON"
        return
    fi
    for candidate in "$(system_python)" python3 python3.{14,13,12,11}; do
        if [[ -n $candidate ]] && is_recent "$candidate" && makes_environments "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

# Create a Debian of the same version as this machine, with its package sources:
# make_debian TARGET PACKAGE...
make_debian() {
    local target=$1 output options
    shift
    options=$(mktemp)
    # What this machine's apt needs to reach its sources.
    apt-config dump 2>/dev/null | grep -E '^Acquire::(Check-|http|https|Retries)' >"$options" || true
    output=$(mmdebstrap --quiet --variant=minbase --aptopt="$options" \
        --include="$(IFS=, && echo "$*")" \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$target" \
        "$(package_sources)" 2>&1 </dev/null) || {
        show_end "$output"
        rm -f -- "$options"
        return 1
    }
    rm -f -- "$options"
}

# Print the file with this machine's package sources.
package_sources() {
    local file
    for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
        if [[ -s $file ]]; then
            echo "$file"
            return
        fi
    done
}
