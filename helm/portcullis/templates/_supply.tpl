{{- /*
What the gateway reads once, at start, to know where bundles come from and whom to believe, as one YAML mapping from
file name to text; it lies in one ConfigMap. Nothing in it is secret.
*/}}
{{- define "portcullis.supplyFiles" -}}
{{- with .Values.policy.bundles }}
bundles.json: {{ dict "bundles" . | toJson | quote }}
{{- end }}
{{- range $id, $pem := .Values.policy.verificationKeys }}
{{ printf "key-%s.pem" $id }}: {{ $pem | quote }}
{{- end }}
{{- with .Values.policy.verificationJwks }}
jwks.json: {{ . | quote }}
{{- end }}
{{- with .Values.policy.bundleCa }}
ca.pem: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "portcullis.supplyFolder" -}}
/etc/portcullis/supply
{{- end }}

{{- define "portcullis.environment.supply" -}}
{{- $folder := include "portcullis.supplyFolder" . }}
{{- with .Values.policy }}
{{- if .bundles }}
POLICY_BUNDLES_FILE: {{ printf "%s/bundles.json" $folder | quote }}
{{- end }}
{{- $keys := list }}
{{- range $id, $pem := .verificationKeys }}
{{- $keys = append $keys (printf "%s=%s/key-%s.pem" $id $folder $id) }}
{{- end }}
{{- if .verificationJwks }}
{{- $keys = append $keys (printf "%s/jwks.json" $folder) }}
{{- end }}
{{- with $keys }}
POLICY_VERIFICATION_KEYS: {{ join "," . | quote }}
{{- end }}
{{- if .requireSignature }}
POLICY_REQUIRE_SIGNATURE: "true"
{{- end }}
{{- if .allowRollback }}
POLICY_ALLOW_ROLLBACK: "true"
{{- end }}
{{- if .bundleCa }}
POLICY_BUNDLE_CA: {{ printf "%s/ca.pem" $folder | quote }}
{{- end }}
{{- with .longPollSeconds }}
POLICY_BUNDLE_LONG_POLL_SEC: {{ . | int64 | quote }}
{{- end }}
{{- if .cache.enabled }}
POLICY_CACHE_DIR: /var/cache/portcullis
{{- end }}
{{- with .candidate.bundleUrl }}
POLICY_CANDIDATE_URL: {{ . | quote }}
{{- end }}
{{- with .candidate.bundlePath }}
POLICY_CANDIDATE_PATH: {{ . | quote }}
{{- end }}
{{- if not (kindIs "invalid" .candidate.sample) }}
POLICY_CANDIDATE_SAMPLE: {{ .candidate.sample | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "portcullis.contradictions.supply" -}}
{{- $policy := .Values.policy }}
{{- $sources := include "portcullis.policySources" . }}
{{- $keys := or $policy.verificationKeys $policy.verificationJwks }}
{{- if and $policy.requireSignature (not $keys) (not $policy.bundles) }}
{{- fail "policy.requireSignature is true, but there are no keys to verify with: set policy.verificationKeys or policy.verificationJwks." }}
{{- end }}
{{- if and $policy.requireSignature (include "portcullis.passesWithoutPolicy" .) }}
{{- fail "policy.requireSignature demands a signed bundle, and calls would pass without it: set policy.mode to enforce or policy.failMode to closed, or remove the demand." }}
{{- end }}
{{- if and $policy.bundles $policy.bundleSha256 }}
{{- fail "policy.bundleSha256 is the digest of one bundle: give those of policy.bundles their own sha256." }}
{{- end }}
{{- if and $policy.candidate.bundleUrl $policy.candidate.bundlePath }}
{{- fail "policy.candidate.bundleUrl and policy.candidate.bundlePath are both set: a candidate is one bundle. Keep one." }}
{{- end }}
{{- $candidate := or $policy.candidate.bundleUrl $policy.candidate.bundlePath }}
{{- if and $candidate (not $sources) }}
{{- fail "policy.candidate is set, but there is no bundle to compare it with." }}
{{- end }}
{{- if and (not $candidate) (not (kindIs "invalid" $policy.candidate.sample)) }}
{{- fail "policy.candidate.sample is set, but there is no candidate." }}
{{- end }}
{{- if and (or $policy.bundleCa $policy.longPollSeconds) (not (or $policy.bundleUrl $policy.bundles $policy.candidate.bundleUrl)) }}
{{- fail "policy.bundleCa and policy.longPollSeconds are for policy.bundleUrl, which is not set." }}
{{- end }}
{{- end }}

{{- /* Not empty where enforcement lets calls pass while there is no policy. */}}
{{- define "portcullis.passesWithoutPolicy" -}}
{{- $policy := .Values.policy }}
{{- $switch := toString $policy.enabled }}
{{- $open := or (eq $policy.failMode "open") (and (eq $policy.failMode "") (eq $switch "true") (eq $policy.mode "")) }}
{{- if and $open (ne $switch "false") (ne $policy.mode "off") }}yes{{ end }}
{{- end }}
