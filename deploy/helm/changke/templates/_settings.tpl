{{- /* What a process is told: its environment, and its secrets as files below /run/secrets/changke. */ -}}

{{- /* The secrets of a process, as JSON list of {variable, file, name, key}. Scope: {root, name}; name may be migrate. */ -}}
{{- define "changke.secrets" -}}
{{- $secrets := .root.Values.secrets -}}
{{- $backends := include "changke.backends" .root | fromJsonArray -}}
{{- $backend := has .name $backends -}}
{{- $migrate := eq .name "migrate" -}}
{{- $wanted := list (dict "variable" "CLUSTER__SECRET_FILE" "file" "cluster" "from" $secrets.cluster) -}}
{{- if eq .name "gateway" -}}
{{- $wanted = append $wanted (dict "variable" "GATEWAY__CSRF_SECRET_FILE" "file" "csrf" "from" $secrets.csrf) -}}
{{- else -}}
{{- $wanted = append $wanted (dict "variable" "DATABASE__ROLE_SECRET_FILE" "file" "database-roles" "from" $secrets.databaseRoles) -}}
{{- end -}}
{{- if $migrate -}}
{{- $wanted = append $wanted (dict "variable" "DATABASE__URL_FILE" "file" "database-administrator" "from" $secrets.databaseAdministrator) -}}
{{- else -}}
{{- $wanted = append $wanted (dict "variable" "NATS__URL_FILE" "file" "nats-url" "from" $secrets.natsUrl) -}}
{{- $wanted = append $wanted (dict "variable" "NATS__CREDENTIALS" "file" "nats.creds" "from" $secrets.natsCredentials) -}}
{{- end -}}
{{- if eq .name "identity" -}}
{{- $wanted = append $wanted (dict "variable" "IDENTITY__SIGNING_KEY_FILE" "file" "signing-key.pem" "from" $secrets.signingKey) -}}
{{- $wanted = append $wanted (dict "variable" "IDENTITY__MAIL__SMTP_URL_FILE" "file" "smtp-url" "from" $secrets.smtpUrl) -}}
{{- end -}}
{{- if and (eq .name "customers") .root.Values.files.s3.endpoint -}}
{{- $wanted = append $wanted (dict "variable" "BLOB__S3__ACCESS_KEY_ID_FILE" "file" "s3-access-key-id" "from" $secrets.s3AccessKeyId) -}}
{{- $wanted = append $wanted (dict "variable" "BLOB__S3__SECRET_ACCESS_KEY_FILE" "file" "s3-secret-access-key" "from" $secrets.s3SecretAccessKey) -}}
{{- end -}}
{{- range $backends -}}
{{- if or $migrate (eq . $.name) -}}
{{- $service := include "changke.service" (dict "root" $.root "name" .) | fromJson -}}
{{- $variable := printf "DATABASE__SERVICE_URLS__%s_FILE" (upper .) -}}
{{- $wanted = append $wanted (dict "variable" $variable "file" (printf "database-%s" .) "from" $service.databaseUrl) -}}
{{- end -}}
{{- end -}}
{{- $found := list -}}
{{- range $wanted -}}
{{- if .from.name -}}
{{- $found = append $found (dict "variable" .variable "file" .file "name" .from.name "key" .from.key) -}}
{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{- /* The settings of one service: the defaults with its own on top, as JSON. */ -}}
{{- define "changke.service" -}}
{{- mustMergeOverwrite (deepCopy .root.Values.serviceDefaults) (deepCopy (get .root.Values.services .name)) | toJson -}}
{{- end -}}

{{- define "changke.environment" -}}
{{- $values := .root.Values -}}
{{- $backends := include "changke.backends" .root | fromJsonArray -}}
{{- $gateway := eq .name "gateway" -}}
{{- $migrate := eq .name "migrate" -}}
{{- range include "changke.secrets" . | fromJsonArray }}
- name: CHANGKE_{{ .variable }}
  value: /run/secrets/changke/{{ .file }}
{{- end }}
{{- if not $migrate }}
- name: CHANGKE_DATABASE__URL
  value: {{ $values.database.url | quote }}
- name: CHANGKE_DATABASE__MAX_CONNECTIONS
  value: {{ $values.database.maxConnections | quote }}
{{- end }}
{{- if or $migrate (not $values.secrets.natsUrl.name) }}
- name: CHANGKE_NATS__URL
  value: {{ $values.nats.url | quote }}
{{- end }}
- name: CHANGKE_NATS__PREFIX
  value: {{ $values.nats.prefix | quote }}
- name: CHANGKE_NATS__REPLICAS
  value: {{ $values.nats.replicas | quote }}
- name: CHANGKE_TELEMETRY__SERVICE_NAME
  value: changke-{{ .name }}
- name: CHANGKE_TELEMETRY__LOG_FILTER
  value: {{ $values.telemetry.logFilter | quote }}
{{- with $values.telemetry.otlpEndpoint }}
- name: CHANGKE_TELEMETRY__OTLP_ENDPOINT
  value: {{ . | quote }}
- name: CHANGKE_TELEMETRY__SAMPLE_RATIO
  value: {{ $values.telemetry.sampleRatio | quote }}
{{- end }}
{{- if not $migrate }}
- name: CHANGKE_CLUSTER__ADMIN_LISTEN
  value: {{ printf "%s:9090" $values.bindAddress | quote }}
- name: {{ $gateway | ternary "CHANGKE_GATEWAY__LISTEN" "CHANGKE_CLUSTER__LISTEN" }}
  value: {{ printf "%s:%s" $values.bindAddress ($gateway | ternary "8080" "9000") | quote }}
{{- range without $backends .name }}
- name: CHANGKE_CLUSTER__UPSTREAMS__{{ upper . }}
  value: http://{{ include "changke.component" (dict "root" $.root "name" .) }}:9000
{{- end }}
{{- end }}
{{- if eq .name "customers" }}
{{- with $values.files }}
{{- if .claim }}
- name: CHANGKE_BLOB__DIRECTORY
  value: /var/lib/changke/files
{{- end }}
{{- if .s3.endpoint }}
- name: CHANGKE_BLOB__S3__ENDPOINT
  value: {{ .s3.endpoint | quote }}
- name: CHANGKE_BLOB__S3__REGION
  value: {{ .s3.region | quote }}
- name: CHANGKE_BLOB__S3__BUCKET
  value: {{ .s3.bucket | quote }}
- name: CHANGKE_BLOB__S3__PATH_STYLE
  value: {{ .s3.pathStyle | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- $sections := $values.config }}
{{- if and (eq .name "identity") $values.ingress.enabled $values.ingress.host }}
{{- $sections = mustMergeOverwrite (dict "identity" (dict "public_url" (printf "https://%s" $values.ingress.host))) (deepCopy $values.config) }}
{{- end }}
{{- if and $gateway $values.ingress.enabled }}
{{- /* The ingress controller appends the caller's address to X-Forwarded-For. */}}
{{- $sections = mustMergeOverwrite (dict "gateway" (dict "trusted_hops" 1)) (deepCopy $values.config) }}
{{- end }}
{{- include "changke.sections" (dict "path" "CHANGKE_" "tree" $sections) }}
{{- end -}}

{{- /* A tree of settings as variables, from CHANGKE_SECTION__KEY down. */ -}}
{{- define "changke.sections" -}}
{{- range $key, $value := .tree }}
{{- $path := printf "%s%s" $.path (upper $key) }}
{{- if kindIs "map" $value }}
{{- include "changke.sections" (dict "path" (printf "%s__" $path) "tree" $value) }}
{{- else }}
- name: {{ $path }}
  value: {{ include "changke.scalar" $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* YAML numbers arrive as floats, and 209715200 is not to read 2.097152e+08. */ -}}
{{- define "changke.scalar" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{- define "changke.secretVolume" -}}
- name: secrets
  projected:
    # Read by the group that fsGroup names.
    defaultMode: 0440
    sources:
{{- range include "changke.secrets" . | fromJsonArray }}
      - secret:
          name: {{ .name }}
          items:
            - key: {{ .key }}
              path: {{ .file }}
{{- end }}
{{- with .root.Values.certificateAuthority }}
{{- if .configMap }}
- name: certificate-authority
  configMap:
    name: {{ .configMap }}
    items:
      - key: {{ .key }}
        path: ca.crt
{{- end }}
{{- end }}
{{- end -}}

{{- define "changke.secretMounts" -}}
- name: secrets
  mountPath: /run/secrets/changke
  readOnly: true
{{- if .root.Values.certificateAuthority.configMap }}
- name: certificate-authority
  mountPath: /etc/changke/ca
  readOnly: true
{{- end }}
{{- end -}}
