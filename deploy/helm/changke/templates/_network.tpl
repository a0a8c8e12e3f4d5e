{{- /* Who may talk to whom. All pods of the installation are denied everything; these name the exceptions. */ -}}

{{- define "changke.networkPolicy" -}}
{{- $policy := .root.Values.networkPolicy -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "changke.component" . }}
  labels:
    {{- include "changke.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "changke.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if ne .name "gateway" }}
    - from:
        {{- include "changke.peers" (dict "root" .root "names" (include "changke.present" .root | fromJsonArray)) | nindent 8 }}
      ports: [{protocol: TCP, port: grpc}]
    {{- else if $policy.gatewayFrom }}
    - from:
        {{- toYaml $policy.gatewayFrom | nindent 8 }}
      ports: [{protocol: TCP, port: http}]
    {{- end }}
    {{- with $policy.metricsFrom }}
    - from:
        {{- toYaml . | nindent 8 }}
      ports: [{protocol: TCP, port: admin}]
    {{- end }}
  egress:
    {{- include "changke.egress" . | nindent 4 }}
    - to:
        {{- include "changke.peers" (dict "root" .root "names" (include "changke.backends" .root | fromJsonArray)) | nindent 8 }}
      ports: [{protocol: TCP, port: 9000}]
    - ports: [{protocol: TCP, port: {{ include "changke.port" (dict "url" .root.Values.nats.url "default" 4222) }}}]
      {{- with $policy.natsTo }}
      to:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- if eq .name "identity" }}
    {{- with $policy.outsideTo }}
    - to:
        {{- toYaml . | nindent 8 }}
    {{- end }}
    {{- end }}
{{- end -}}

{{- /* Pods of the installation, by the names of their services. Scope: {root, names}. */ -}}
{{- define "changke.peers" -}}
- podSelector:
    matchLabels:
      {{- include "changke.installation" .root | nindent 6 }}
    matchExpressions:
      - {key: app.kubernetes.io/component, operator: In, values: {{ .names | toJson }}}
{{- end -}}

{{- /* What services and the migration both reach. The gateway has no way to the database. */ -}}
{{- define "changke.egress" -}}
{{- $policy := .root.Values.networkPolicy -}}
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
  {{- with $policy.dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if ne .name "gateway" }}
- ports: [{protocol: TCP, port: {{ include "changke.port" (dict "url" .root.Values.database.url "default" 5432) }}}]
  {{- with $policy.databaseTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- with .root.Values.telemetry.otlpEndpoint }}
- ports: [{protocol: TCP, port: {{ include "changke.port" (dict "url" . "default" 4317) }}}]
  {{- with $policy.otlpTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
