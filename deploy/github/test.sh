#!/usr/bin/env bash
# For action.yml: `bootbench test` with annotations, and the step's outputs. The exit code is that of the test.
set -uo pipefail
out=${RUNNER_TEMP:-$(mktemp -d)}/bootbench
mkdir -p "$out"
if [ -x node_modules/.bin/bootbench ]; then program=(node_modules/.bin/bootbench); else program=(node "$ACTION/dist/bootbench.js"); fi
cache=()
[ -z "${CACHE:-}" ] || cache=(--cache "$CACHE")
# the arguments are words, so they are not quoted
# shellcheck disable=SC2086
"${program[@]}" test "$SCENARIOS" "${cache[@]}" --reporter github --markdown "$out/comment.md" --html "$out/report.html" --sarif "$out/bootbench.sarif" ${ARGUMENTS:-}
code=$?
case $code in 0) verdict=holds ;; 1) verdict=fails ;; *) verdict=error ;; esac
{
  echo "verdict=$verdict"
  [ ! -f "$out/report.html" ] || echo "report=$out/report.html"
  [ ! -f "$out/bootbench.sarif" ] || echo "sarif=$out/bootbench.sarif"
  [ ! -f "$out/comment.md" ] || echo "comment=$out/comment.md"
} >>"$GITHUB_OUTPUT"
exit $code
