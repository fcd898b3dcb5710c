#!/usr/bin/env bash
# Chromium for the browser tests: from the system's packages where this user may install them (Debian as root),
# else a sentence that says what to install. With CI=true a machine without it fails here.
set -eu
if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests …"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-liberation >/dev/null; then
        exit 0
    fi
fi
echo "No Chromium here: install it (Debian: apt-get install chromium) to run the browser tests; they are skipped."
if [ "${CI:-}" = true ]; then
    exit 1
fi
