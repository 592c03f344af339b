{{- define "portcullis.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "portcullis.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 54 | trimSuffix "-" }}
{{- else if contains (include "portcullis.name" .) .Release.Name }}
{{- .Release.Name | trunc 54 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "portcullis.name" .) | trunc 54 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "portcullis.selectorLabels" -}}
app.kubernetes.io/name: {{ include "portcullis.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "portcullis.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "portcullis.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "portcullis.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "portcullis.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "portcullis.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- /* Pods that there are at least. */}}
{{- define "portcullis.minimumPods" -}}
{{- ternary .Values.hpa.minReplicas .Values.replicas .Values.hpa.enabled }}
{{- end }}

{{- /* Pods that there can be at the same time. */}}
{{- define "portcullis.maximumPods" -}}
{{- ternary .Values.hpa.maxReplicas .Values.replicas .Values.hpa.enabled }}
{{- end }}

{{- define "portcullis.bundleConfigMap" -}}
{{- if .Values.policy.bundle }}
{{- printf "%s-policy" (include "portcullis.fullname" .) }}
{{- else }}
{{- .Values.policy.existingConfigMap.name }}
{{- end }}
{{- end }}

{{- define "portcullis.bundleKey" -}}
{{- ternary "bundle.tar.gz" .Values.policy.existingConfigMap.key (ne .Values.policy.bundle "") }}
{{- end }}

{{- /* Not empty where a file says what stands behind the gateway. */}}
{{- define "portcullis.hasServers" -}}
{{- if or .Values.upstreams .Values.upstreamsSecret.existingSecret }}yes{{ end }}
{{- end }}

{{- define "portcullis.serversKey" -}}
{{- ternary "mcp-servers.json" .Values.upstreamsSecret.key (gt (len .Values.upstreams) 0) }}
{{- end }}

{{- define "portcullis.policySources" -}}
{{- $policy := .Values.policy }}
{{- $sources := list }}
{{- if $policy.bundle }}{{ $sources = append $sources "policy.bundle" }}{{ end }}
{{- if $policy.existingConfigMap.name }}{{ $sources = append $sources "policy.existingConfigMap" }}{{ end }}
{{- if $policy.bundleUrl }}{{ $sources = append $sources "policy.bundleUrl" }}{{ end }}
{{- if $policy.bundlePath }}{{ $sources = append $sources "policy.bundlePath" }}{{ end }}
{{- if $policy.bundles }}{{ $sources = append $sources "policy.bundles" }}{{ end }}
{{- if $policy.rules }}{{ $sources = append $sources "policy.rules" }}{{ end }}
{{- if $policy.rulesPath }}{{ $sources = append $sources "policy.rulesPath" }}{{ end }}
{{- join ", " $sources }}
{{- end }}

{{- define "portcullis.allowedHosts" -}}
{{- $name := include "portcullis.fullname" . }}
{{- $namespaced := printf "%s.%s" $name .Release.Namespace }}
{{- $hosts := list $name $namespaced (printf "%s.svc" $namespaced) (printf "%s.svc.%s" $namespaced .Values.clusterDomain) "localhost" "127.0.0.1" }}
{{- if .Values.ingress.enabled }}
{{- range .Values.ingress.hosts }}{{ $hosts = append $hosts .host }}{{ end }}
{{- end }}
{{- concat $hosts .Values.allowedHosts | uniq | join "," }}
{{- end }}
