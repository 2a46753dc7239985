#!/usr/bin/env bash
# For action.yml: makes bootbench ready if the project does not bring its own. `npm ci` builds it, once.
set -euo pipefail
node -e 'if (Number(process.versions.node.split(".")[0]) < 20) { console.error(`bootbench needs Node 20 or later; this is ${process.version}: add actions/setup-node`); process.exit(1); }'
[ -x node_modules/.bin/bootbench ] || [ -f "$ACTION/dist/bootbench.js" ] || npm --prefix "$ACTION" ci --no-audit --no-fund
