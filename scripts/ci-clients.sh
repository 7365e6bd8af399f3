#!/usr/bin/env bash
# What .ci/run checks of the contract and the clients; needs dist/ built. `nightly` fuzzes longer.
#
#   scripts/ci-clients.sh lint|clients|fuzz|tampered|nightly
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  lint) node scripts/lint-contract.js ;;
  clients) node scripts/test-clients.js ;;
  fuzz) node scripts/fuzz.js --examples 50 ;;
  tampered) node scripts/fuzz.js --examples 50 --tampered ;;
  nightly) node scripts/fuzz.js --examples 1000 --seed random ;;
  *)
    sed -n '2,4s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
