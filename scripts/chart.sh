#!/bin/sh
# Checks the Helm chart: every file in ci/ lints, renders, and is what Kubernetes and the gateway take, and every
# file in ci/refused/ is refused with the words that its first line names.
#   scripts/chart.sh            offline, with the schemas in helm/schemas
#   scripts/chart.sh --server   asks the API server of the current kubeconfig as well (dry run)
set -eu
cd "$(dirname "$0")/.."
node scripts/prepare.mjs
cd helm
tools='helm kubeconform'
[ "${1:-}" = --server ] && tools="$tools kubectl"
for tool in $tools; do
  command -v "$tool" >/dev/null || {
    echo "chart: $tool is not on the PATH; see docs/deployment.md, Checking the chart" >&2
    exit 2
  }
done

rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
faults=0
fault() {
  echo "chart: $1" >&2
  faults=$((faults + 1))
}

for values in portcullis/ci/*.yaml; do
  helm lint --strict --quiet portcullis -f "$values" || fault "$values does not lint"
  helm template check portcullis --namespace check -f "$values" >"$rendered" || fault "$values does not render"
  kubeconform -strict -schema-location 'schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json' <"$rendered" ||
    fault "$values renders what Kubernetes does not take"
  node environment.mjs <"$rendered" || fault "$values renders settings that the gateway does not start with"
  [ "${1:-}" != --server ] ||
    kubectl apply --namespace check --dry-run=server --validate=strict -f "$rendered" ||
    fault "$values renders what the API server does not take"
done

for values in portcullis/ci/refused/*.yaml; do
  words=$(sed -n '1s/^# refused: //p' "$values")
  if message=$(helm template check portcullis -f "$values" 2>&1 >/dev/null); then
    fault "$values is not refused"
  elif [ "${message#*"$words"}" = "$message" ]; then
    fault "$values is refused without the words \"$words\": $message"
  fi
done

[ "$faults" = 0 ] && echo "chart: $(ls portcullis/ci/*.yaml | wc -l) releases and $(ls portcullis/ci/refused/*.yaml | wc -l) refusals as they should be"
[ "$faults" = 0 ]
