{{- /* Names and labels. Most take a scope: {root, name, service}, where name is the service's. */ -}}

{{- define "changke.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "changke.component" -}}
{{- printf "%s-%s" (include "changke.fullname" .root) .name -}}
{{- end -}}

{{- define "changke.installation" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "changke.selector" -}}
{{ include "changke.installation" .root }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{- define "changke.podLabels" -}}
{{ include "changke.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
{{- end -}}

{{- define "changke.labels" -}}
{{ include "changke.podLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- end -}}

{{- define "changke.image" -}}
{{- $image := .Values.image -}}
{{- $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{- /* Names of the services that are there, as JSON. */ -}}
{{- define "changke.present" -}}
{{- $present := list -}}
{{- range $name, $service := .Values.services -}}
{{- if $service.enabled }}{{ $present = append $present $name }}{{ end -}}
{{- end -}}
{{- $present | toJson -}}
{{- end -}}

{{- /* The same without the gateway: those that have a schema and answer gRPC. */ -}}
{{- define "changke.backends" -}}
{{- without (include "changke.present" . | fromJsonArray) "gateway" | toJson -}}
{{- end -}}

{{- /* The port that a URL names, or the default. Scope: {url, default}. */ -}}
{{- define "changke.port" -}}
{{- $host := (urlParse .url).host -}}
{{- if regexMatch ":[0-9]+$" $host }}{{ regexFind "[0-9]+$" $host }}{{ else }}{{ .default }}{{ end -}}
{{- end -}}
