#!/usr/bin/env bash
# The web app end to end, in a browser against `usance dev`, by web/e2e/run.mjs. With --install it only sees to it
# that Chromium is there. Without Chromium a laptop skips, a pipeline (CI=true) fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_chromium() {
    local name
    for name in "${USANCE_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
        if [ -n "$name" ] && command -v "$name" >/dev/null; then command -v "$name"; return; fi
    done
    return 1
}
if ! chromium=$(find_chromium); then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing Chromium for the tests of the web app" >&2
        apt-get install -y --no-install-recommends chromium >/dev/null ||
            { apt-get update >/dev/null && apt-get install -y --no-install-recommends chromium >/dev/null; } || true
    fi
    if ! chromium=$(find_chromium); then
        echo "The tests of the web app need Chromium: apt-get install chromium, brew install --cask chromium, or name one in" \
            "USANCE_CHROMIUM. They are skipped." >&2
        if [ "${CI:-}" = true ]; then exit 1; fi
        exit 0
    fi
fi
if [ "${1:-}" = --install ]; then exit 0; fi
export USANCE_CHROMIUM="$chromium"
# Time on a shared machine is no fact about the code: here the goals of speed.journey.mjs count five times, and its figures are printed.
export SLOW="${SLOW:-5}"
node web/e2e/run.mjs "$@"
