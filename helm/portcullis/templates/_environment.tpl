{{- /*
The gateway's environment as one YAML mapping from name to text. Only what is set is here: the gateway refuses
settings that it does not know and has its own defaults for the rest.
*/}}
{{- define "portcullis.environment" -}}
HOST: {{ .Values.bindAddress | quote }}
PORT: "8080"
OPS_HOST: {{ .Values.bindAddress | quote }}
OPS_PORT: {{ .Values.ops.port | int64 | quote }}
ALLOWED_HOSTS: {{ include "portcullis.allowedHosts" . | quote }}
SHUTDOWN_TIMEOUT_MS: {{ mul (.Values.shutdownSeconds | int64) 1000 | quote }}
{{- with .Values.allowedOrigins }}
ALLOWED_ORIGINS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.limits.maxBodyBytes }}
MAX_BODY_BYTES: {{ . | int64 | quote }}
{{- end }}
{{- with .Values.limits.maxMessageBytes }}
MAX_MESSAGE_BYTES: {{ . | int64 | quote }}
{{- end }}
{{- with .Values.logLevel }}
LOG_LEVEL: {{ . | quote }}
{{- end }}
{{ include "portcullis.environment.upstream" . }}
{{ include "portcullis.environment.policy" . }}
{{ include "portcullis.environment.supply" . }}
{{ include "portcullis.environment.callers" . }}
{{ include "portcullis.environment.decisionLog" . }}
{{- end }}

{{- define "portcullis.environment.upstream" -}}
{{- if include "portcullis.hasServers" . }}
UPSTREAMS_FILE: {{ printf "/etc/portcullis/upstreams/%s" (include "portcullis.serversKey" .) | quote }}
{{- /* Headers in the file imply static. */}}
{{- if eq .Values.upstream.auth.type "passthrough" }}
UPSTREAM_AUTH: passthrough
{{- end }}
{{- else }}
UPSTREAM_URL: {{ .Values.upstream.url | quote }}
UPSTREAM_AUTH: {{ .Values.upstream.auth.type | quote }}
{{- if eq .Values.upstream.auth.type "static" }}
UPSTREAM_TOKEN_FILE: /etc/portcullis/secrets/upstream-token
{{- end }}
{{- end }}
{{- with .Values.unknownMethods }}
UNKNOWN_METHODS: {{ . | quote }}
{{- end }}
{{- with .Values.upstream.timeoutMs }}
UPSTREAM_TIMEOUT_MS: {{ . | int64 | quote }}
{{- end }}
{{- end }}

{{- define "portcullis.environment.policy" -}}
{{- with .Values.policy }}
{{- if kindIs "bool" .enabled }}
POLICY_ENABLED: {{ .enabled | quote }}
{{- end }}
{{- with .mode }}
POLICY_MODE: {{ . | quote }}
{{- end }}
{{- with .failMode }}
POLICY_FAIL_MODE: {{ . | quote }}
{{- end }}
{{- if or .bundle .existingConfigMap.name }}
POLICY_BUNDLE_PATH: {{ printf "/etc/portcullis/policy/%s" (include "portcullis.bundleKey" $) | quote }}
{{- else if .bundlePath }}
POLICY_BUNDLE_PATH: {{ .bundlePath | quote }}
{{- else if .bundleUrl }}
POLICY_BUNDLE_URL: {{ .bundleUrl | quote }}
{{- else if .rules }}
POLICY_RULES_PATH: /etc/portcullis/rules
{{- else if .rulesPath }}
POLICY_RULES_PATH: {{ .rulesPath | quote }}
{{- end }}
{{- if or .bundleUrl .bundles .candidate.bundleUrl }}
POLICY_POLL_SEC: {{ .pollSeconds | int64 | quote }}
{{- end }}
{{- if .bundleToken.existingSecret }}
POLICY_BUNDLE_TOKEN_FILE: /etc/portcullis/secrets/bundle-token
{{- end }}
{{- with .bundleSha256 }}
POLICY_BUNDLE_SHA256: {{ . | quote }}
{{- end }}
{{- with .bundleMaxBytes }}
POLICY_BUNDLE_MAX_BYTES: {{ . | int64 | quote }}
{{- end }}
{{- with .maxInputBytes }}
POLICY_MAX_INPUT_BYTES: {{ . | int64 | quote }}
{{- end }}
{{- with .budgetMs }}
POLICY_BUDGET_MS: {{ . | int64 | quote }}
{{- end }}
{{- with .largeInput }}
POLICY_LARGE_INPUT: {{ . | quote }}
{{- end }}
{{- with .inputHeaders }}
POLICY_INPUT_HEADERS: {{ join "," . | quote }}
{{- end }}
{{- with .denyStyle }}
POLICY_DENY_STYLE: {{ . | quote }}
{{- end }}
{{- with .denyDetail }}
POLICY_DENY_DETAIL: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "portcullis.environment.callers" -}}
AUTH_MODE: {{ .Values.auth.mode | quote }}
{{- with .Values.auth.trustedProxies }}
TRUSTED_PROXIES: {{ join "," . | quote }}
{{- end }}
{{- if .Values.session.existingSecret }}
SESSION_KEY_FILE: /etc/portcullis/secrets/session-key
{{- end }}
{{- end }}

{{- define "portcullis.environment.decisionLog" -}}
{{- with .Values.decisionLog }}
DECISION_LOG: {{ .destination | quote }}
{{- with .args }}
DECISION_LOG_ARGS: {{ . | quote }}
{{- end }}
{{- with .mask }}
DECISION_LOG_MASK: {{ join "," . | quote }}
{{- end }}
{{- with .durability }}
DECISION_LOG_DURABILITY: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
