#!/bin/sh
# Install the Debian packages that are missing: for `make setup` and for the images.
#
#     install_debian.sh            what Beamloop needs to run
#     install_debian.sh tests      and what its tests need
#     install_debian.sh image      what a service in a container needs: PostgreSQL is another's
#
# What was found elsewhere (BEAMLOOP_DIALS_BIN, BEAMLOOP_POSTGRES_BIN, PATH) is not installed again.
set -eu

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "setup: $*" >&2; }

have_python() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
have_dials() { [ -n "${BEAMLOOP_DIALS_BIN:-}" ] || command -v dials.import >/dev/null; }
have_postgres() {
    [ -n "${BEAMLOOP_POSTGRES_BIN:-}" ] || command -v initdb >/dev/null ||
        [ -n "$(find /usr/lib/postgresql -name initdb 2>/dev/null)" ]
}
have_swift() { /usr/bin/python3 -c 'import swift' 2>/dev/null; }
have_chromium() { command -v chromium >/dev/null; }

missing_packages() {
    have_python || say python3 python3-venv
    have_dials || say dials
    [ "${1:-}" = image ] || have_postgres || say postgresql
    if [ "${1:-}" = tests ]; then
        have_swift || say python3-swift
        have_chromium || say chromium
    fi
}

explain_by_hand() {
    complain "this machine has no apt-get, and these are missing:"
    have_python || complain "  Python 3.11 to 3.13 as python3, with its modules venv and ensurepip"
    have_dials || complain "  DIALS 3.12 or later: set BEAMLOOP_DIALS_BIN to the folder of its programs" \
        "and BEAMLOOP_DIALS_PYTHON to its Python"
    [ "${1:-}" = image ] || have_postgres || complain "  PostgreSQL 13 or later: set BEAMLOOP_POSTGRES_BIN to the folder of initdb"
    [ "${1:-}" != tests ] || have_swift || complain "  OpenStack Swift's servers, for the tests of S3"
    [ "${1:-}" != tests ] || have_chromium || complain "  Chromium as chromium, for the tests of the pages"
}

# PostgreSQL's package would start a cluster of its own on port 5432; Beamloop makes one in its state
# directory. The setting is for this installation only.
NO_CLUSTER=/etc/postgresql-common/createcluster.d/beamloop-setup.conf

install_as_root() {
    log=$(mktemp)
    mkdir -p "${NO_CLUSTER%/*}"
    trap 'rm -f "$NO_CLUSTER"' EXIT
    trap 'exit 130' INT TERM HUP
    say "create_main_cluster = false" >"$NO_CLUSTER"
    export DEBIAN_FRONTEND=noninteractive
    # An installation that was interrupted is finished first: dpkg refuses everything else until then.
    if {
        [ -z "$(dpkg --audit)" ] || dpkg --configure -a
        apt-get -q -o DPkg::Lock::Timeout=300 update
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
    } >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        complain "the Debian packages could not be installed: is there a network, and room on the disk?"
        complain "the end of $log:"
        tail -n 8 "$log" >&2
        exit 1
    fi
}

if [ "${1:-}" = --as-root ]; then
    shift
    install_as_root "$@"
    exit 0
fi

packages=$(missing_packages "$@" | tr '\n' ' ')
[ -n "$packages" ] || exit 0
if ! command -v apt-get >/dev/null; then
    explain_by_hand "$@"
    exit 1
fi

announce() { say "Installing Debian packages (one to two minutes): $packages"; }
began=$(date +%s)
# shellcheck disable=SC2086 # a list of package names
if [ "$(id -u)" = 0 ]; then
    announce
    sh "$0" --as-root $packages
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    announce
    sudo -- sh "$0" --as-root $packages
else
    complain "packages are missing, and you are neither root nor may you use sudo here. Ask an administrator for:"
    complain "    apt-get install --no-install-recommends $packages"
    exit 1
fi
say "Debian packages installed: $(($(date +%s) - began)) s"
