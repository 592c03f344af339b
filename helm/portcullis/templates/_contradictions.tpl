{{- /* Stops the release where the values contradict each other: here it costs nobody a pod that does not start. */}}
{{- define "portcullis.contradictions" -}}
{{- include "portcullis.contradictions.policy" . }}
{{- include "portcullis.contradictions.supply" . }}
{{- include "portcullis.contradictions.upstreams" . }}
{{- include "portcullis.contradictions.callers" . }}
{{- include "portcullis.contradictions.pods" . }}
{{- end }}

{{- define "portcullis.contradictions.policy" -}}
{{- $policy := .Values.policy }}
{{- $sources := include "portcullis.policySources" . }}
{{- if contains "," $sources }}
{{- fail (printf "Policy can come from one place only, and these are set: %s. Keep one." $sources) }}
{{- end }}
{{- $switch := toString $policy.enabled }}
{{- $enforced := and (ne $switch "false") (eq $policy.mode "enforce") (ne $policy.failMode "open") }}
{{- $closed := and (eq $switch "true") (eq $policy.mode "") (eq $policy.failMode "closed") }}
{{- if and (or $enforced $closed) (not $sources) }}
{{- fail "Policy is enforced, but there is none: no pod would ever be ready. Set policy.bundle, policy.existingConfigMap, policy.bundleUrl, policy.bundlePath, policy.bundles or policy.rules." }}
{{- end }}
{{- if and (or $policy.rules $policy.rulesPath) (or $policy.requireSignature $policy.bundleSha256) }}
{{- fail (printf "%s are rules that nobody has signed, and policy.requireSignature or policy.bundleSha256 demands a bundle: build one with portcullis policy build --sign, or remove the demand." $sources) }}
{{- end }}
{{- if and (or $policy.rules $policy.rulesPath) (or $policy.verificationKeys $policy.verificationJwks) (not (or $policy.candidate.bundleUrl $policy.candidate.bundlePath)) }}
{{- fail (printf "policy.verificationKeys would not be used: %s are rules that nobody can sign. Remove it, or build a bundle." $sources) }}
{{- end }}
{{- $rules := 0 }}
{{- range $policy.rules }}{{ $rules = add $rules (len .) }}{{ end }}
{{- if gt (int $rules) 500000 }}
{{- fail "policy.rules are larger than a Helm release can hold (500,000 bytes). Keep the ConfigMap yourself, mount it with extraVolumes, and set policy.rulesPath." }}
{{- end }}
{{- if and $policy.bundleSha256 (not $sources) }}
{{- fail "policy.bundleSha256 is set, but there is no bundle that it could be the digest of." }}
{{- end }}
{{- if and $policy.bundleSha256 (include "portcullis.passesWithoutPolicy" .) }}
{{- fail "policy.bundleSha256 demands one bundle, and calls would pass without it: set policy.mode to enforce or policy.failMode to closed, or remove the digest." }}
{{- end }}
{{- if and $policy.bundleToken.existingSecret (not (or $policy.bundleUrl $policy.candidate.bundleUrl)) }}
{{- fail "policy.bundleToken.existingSecret is for policy.bundleUrl, which is not set. Bundles of policy.bundles have a token_env of extraEnv." }}
{{- end }}
{{- if $policy.bundle }}
{{- $text := nospace $policy.bundle }}
{{- if not (hasPrefix "H4sI" $text) }}
{{- fail "policy.bundle is not a gzip archive in base64. Make the text with: base64 -w0 bundle.tar.gz" }}
{{- end }}
{{- if gt (len $text) 500000 }}
{{- fail "policy.bundle is larger than a Helm release can hold (375,000 bytes before base64). Serve the bundle over HTTP and set policy.bundleUrl, or keep the ConfigMap yourself and set policy.existingConfigMap." }}
{{- end }}
{{- end }}
{{- end }}

{{- define "portcullis.contradictions.upstreams" -}}
{{- $several := include "portcullis.hasServers" . }}
{{- if not (or .Values.upstream.url $several) }}
{{- fail "upstream.url is not set: name the MCP server that the gateway stands in front of, such as http://weather.tools.svc:8000/mcp, or several in upstreams." }}
{{- end }}
{{- if and .Values.upstream.url $several }}
{{- fail "upstream.url and upstreams are both set: keep one of them. A single server can stand in upstreams too." }}
{{- end }}
{{- if and .Values.upstreams .Values.upstreamsSecret.existingSecret }}
{{- fail "upstreams and upstreamsSecret.existingSecret are both set: keep one of them." }}
{{- end }}
{{- if and $several (eq .Values.upstream.auth.type "static") }}
{{- fail "upstream.auth.type static is for upstream.url: give each server of upstreams its own headers, with the secret as ${NAME} from extraEnv." }}
{{- end }}
{{- $pods := include "portcullis.maximumPods" . | int }}
{{- if and (or (gt (len .Values.upstreams) 1) .Values.upstreamsSecret.existingSecret) (gt $pods 1) (not .Values.session.existingSecret) }}
{{- fail "Several upstreams are one server on more than one pod: set session.existingSecret, or a session opened on one pod is unknown to the others." }}
{{- end }}
{{- range $name, $server := .Values.upstreams }}
{{- if and $server.command (gt $pods 1) (ne $.Values.service.sessionAffinity "ClientIP") }}
{{- fail (printf "upstreams.%s runs in the pod that opened its session, and there is more than one: set service.sessionAffinity to ClientIP." $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "portcullis.contradictions.callers" -}}
{{- $auth := .Values.upstream.auth }}
{{- if and (eq $auth.type "static") (not $auth.existingSecret) }}
{{- fail "upstream.auth.type is static, but upstream.auth.existingSecret does not name the Secret with the token." }}
{{- end }}
{{- if and (ne $auth.type "static") $auth.existingSecret }}
{{- fail "upstream.auth.existingSecret is set, but its token is sent only with upstream.auth.type static." }}
{{- end }}
{{- if and (eq $auth.type "passthrough") (ne .Values.auth.mode "none") }}
{{- fail "upstream.auth.type passthrough is possible only with auth.mode none, where the caller's token is meant for the upstream." }}
{{- end }}
{{- if and (eq .Values.auth.mode "trusted-headers") (not .Values.auth.trustedProxies) }}
{{- fail "auth.mode is trusted-headers, but auth.trustedProxies is empty: nobody's identity headers would be believed." }}
{{- end }}
{{- if and (ne .Values.auth.mode "none") (gt (include "portcullis.maximumPods" . | int) 1) (not .Values.session.existingSecret) }}
{{- fail "Callers have identities and more than one pod serves them: set session.existingSecret, or a session opened on one pod is unknown to the others." }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "ingress.enabled is true, but ingress.hosts is empty: the gateway answers only to host names that it knows." }}
{{- end }}
{{- end }}

{{- define "portcullis.contradictions.pods" -}}
{{- if eq (.Values.ops.port | int) 8080 }}
{{- fail "ops.port is 8080, where the gateway serves MCP. Choose another." }}
{{- end }}
{{- if and .Values.hpa.enabled (gt (.Values.hpa.minReplicas | int) (.Values.hpa.maxReplicas | int)) }}
{{- fail "hpa.minReplicas is larger than hpa.maxReplicas." }}
{{- end }}
{{- $environment := include "portcullis.environment" . | fromYaml }}
{{- range .Values.extraEnv }}
{{- if hasKey $environment (.name | trimSuffix "_FILE") }}
{{- fail (printf "extraEnv sets %s, which the chart sets from its own values. Use those." .name) }}
{{- end }}
{{- if hasKey $environment (printf "%s_FILE" .name) }}
{{- fail (printf "extraEnv sets %s, which the chart sets from a Secret. Keep one." .name) }}
{{- end }}
{{- end }}
{{- if and (eq .Values.decisionLog.args "masked") (not .Values.decisionLog.mask) }}
{{- fail "decisionLog.args is masked, but decisionLog.mask names nothing that would be hidden." }}
{{- end }}
{{- $log := .Values.decisionLog.destination }}
{{- if hasPrefix "/" $log }}
{{- $mounted := false }}
{{- range .Values.extraVolumeMounts }}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $log }}{{ $mounted = true }}{{ end }}
{{- end }}
{{- if not $mounted }}
{{- fail (printf "decisionLog.destination is %s, but no volume of extraVolumeMounts is mounted there, and the container's own file system is read-only." $log) }}
{{- end }}
{{- end }}
{{- end }}
