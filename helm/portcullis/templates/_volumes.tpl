{{- /* The Secrets that are in use, as one list of {name, key, path}. */}}
{{- define "portcullis.secrets" -}}
{{- if eq .Values.upstream.auth.type "static" }}
- { name: {{ .Values.upstream.auth.existingSecret | quote }}, key: {{ .Values.upstream.auth.key | quote }}, path: upstream-token }
{{- end }}
{{- with .Values.policy.bundleToken }}
{{- if .existingSecret }}
- { name: {{ .existingSecret | quote }}, key: {{ .key | quote }}, path: bundle-token }
{{- end }}
{{- end }}
{{- with .Values.session }}
{{- if .existingSecret }}
- { name: {{ .existingSecret | quote }}, key: {{ .key | quote }}, path: session-key }
{{- end }}
{{- end }}
{{- end }}

{{- define "portcullis.volumes" -}}
{{- if include "portcullis.bundleConfigMap" . }}
- name: policy
  configMap:
    name: {{ include "portcullis.bundleConfigMap" . }}
    items:
      - key: {{ include "portcullis.bundleKey" . | quote }}
        path: {{ include "portcullis.bundleKey" . | quote }}
{{- end }}
{{- if .Values.policy.rules }}
- name: rules
  configMap:
    name: {{ include "portcullis.fullname" . }}-rules
{{- end }}
{{- if include "portcullis.supplyFiles" . | fromYaml }}
- name: supply
  configMap:
    name: {{ include "portcullis.fullname" . }}-supply
{{- end }}
{{- if .Values.policy.cache.enabled }}
- name: bundle-cache
  {{- toYaml .Values.policy.cache.volume | nindent 2 }}
{{- end }}
{{- if .Values.upstreams }}
- name: upstreams
  configMap:
    name: {{ include "portcullis.fullname" . }}-upstreams
{{- else if .Values.upstreamsSecret.existingSecret }}
- name: upstreams
  secret:
    secretName: {{ .Values.upstreamsSecret.existingSecret | quote }}
    defaultMode: 0440
    items:
      - key: {{ .Values.upstreamsSecret.key | quote }}
        path: {{ .Values.upstreamsSecret.key | quote }}
{{- end }}
{{- with include "portcullis.secrets" . | fromYamlArray }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - secret:
          name: {{ .name }}
          items:
            - key: {{ .key | quote }}
              path: {{ .path }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "portcullis.volumeMounts" -}}
{{- if include "portcullis.bundleConfigMap" . }}
# The folder, never a single file with subPath: only a folder follows the ConfigMap.
- name: policy
  mountPath: /etc/portcullis/policy
  readOnly: true
{{- end }}
{{- if .Values.policy.rules }}
# As a folder too, for the same reason.
- name: rules
  mountPath: /etc/portcullis/rules
  readOnly: true
{{- end }}
{{- if include "portcullis.supplyFiles" . | fromYaml }}
- name: supply
  mountPath: {{ include "portcullis.supplyFolder" . }}
  readOnly: true
{{- end }}
{{- if .Values.policy.cache.enabled }}
- name: bundle-cache
  mountPath: /var/cache/portcullis
{{- end }}
{{- if include "portcullis.hasServers" . }}
- name: upstreams
  mountPath: /etc/portcullis/upstreams
  readOnly: true
{{- end }}
{{- if include "portcullis.secrets" . }}
- name: secrets
  mountPath: /etc/portcullis/secrets
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
