#!/usr/bin/env bash
# Checks every policy set, and that the checked-in bundles are what their sources build.
# With --write the bundles are built anew.
set -euo pipefail
cd "$(dirname "$0")/.."

write=false
case "${1:-}" in
  '') ;;
  --write) write=true ;;
  *)
    echo "usage: scripts/policies.sh [--write]" >&2
    exit 2
    ;;
esac

OPA="${OPA:-$(command -v opa || true)}"
if [ -z "$OPA" ]; then
  cat >&2 <<'HELP'
policies: opa was not found. Install it, or name it in OPA:
  go install github.com/open-policy-agent/opa@v1.22.0 && export PATH="$PATH:$(go env GOPATH)/bin"
HELP
  exit 1
fi
export OPA
capabilities="$PWD/policies/capabilities.json"
# `opa` takes flags from these too; what is built is to depend on its sources alone.
for variable in "${!OPA_@}"; do unset "$variable"; done

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# Names the entrypoints of the set in the working directory. The order counts: another one gives
# another module.
entrypoints() {
  local hook
  for hook in pre post list; do
    if grep -qE "^(default )?$hook( |\$)" -- *.rego; then echo "-e mcp/$hook"; fi
  done
}

# Builds the set in the working directory. Only a build from inside the folder is reproducible: `opa`
# writes the path that it is given into the bundle.
build() {
  # shellcheck disable=SC2046 # each line of entrypoints is two words
  "$OPA" build -t wasm -b . --ignore '*_test.rego' --capabilities "$capabilities" \
    $(entrypoints) -o "$1"
}

check() {
  local name="$1" bundle="bundles/$1.tar.gz"
  echo "policies: $name"
  "$OPA" check --strict --capabilities "$capabilities" "policies/$name"
  "$OPA" fmt --list --fail "policies/$name"
  "$OPA" test --ignore '*.yaml' "policies/$name"
  "$OPA" test --ignore '*.yaml' --coverage --threshold 100 "policies/$name" >"$scratch/coverage.json" ||
    { cat "$scratch/coverage.json" && false; }
  (cd "policies/$name" && build "$scratch/set.tar.gz")
  if $write; then
    cp "$scratch/set.tar.gz" "$bundle"
  elif [ -e "$bundle" ] && ! cmp "$scratch/set.tar.gz" "$bundle"; then
    echo "policies: $bundle is not what policies/$name builds; run scripts/policies.sh --write" >&2
    return 1
  fi
}

# What the gateway offers stands in its own sources, which are built where they are newer than the build.
echo "policies: capabilities.json"
node scripts/prepare.mjs
if $write; then node scripts/capabilities.mjs; else node scripts/capabilities.mjs --check; fi
# What `opa` answers where a policy calls them is kept, for tests without it.
echo "policies: the builtins' vectors"
if $write; then node scripts/builtin-vectors.mjs; else node scripts/builtin-vectors.mjs --check; fi

for set in policies/*/ policies/templates/*/; do
  name="${set#policies/}"
  if compgen -G "$set*.rego" >/dev/null; then check "${name%/}"; fi
done

# The bundles that tests use have a script of their own. To check them it runs on a copy.
fixtures=test/fixtures/policies
if [ -e "$fixtures/build.sh" ]; then
  echo "policies: $fixtures"
  copy="$scratch/fixtures"
  cp -R "$fixtures" "$copy"
  if $write; then copy="$fixtures"; fi
  PATH="$(dirname "$OPA"):$PATH" bash "$copy/build.sh"
  if ! diff -rq "$fixtures" "$copy"; then
    echo "policies: those bundles are not what their sources build; run scripts/policies.sh --write" >&2
    exit 1
  fi
fi
