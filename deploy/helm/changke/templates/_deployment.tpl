{{- define "changke.deployment" -}}
{{- $values := .root.Values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "changke.component" . }}
  labels:
    {{- include "changke.labels" . | nindent 4 }}
spec:
  {{- /* With an autoscaler the number is its own; naming one here would reset it at every upgrade. */}}
  {{- if le (int .service.maxReplicas) (int .service.replicas) }}
  replicas: {{ .service.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  minReadySeconds: 5
  progressDeadlineSeconds: 600
  # No pod goes before another one has taken its place.
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "changke.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "changke.podLabels" . | nindent 8 }}
      {{- with .service.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "changke.podSettings" . | nindent 6 }}
      terminationGracePeriodSeconds: {{ add $values.shutdown.announceSeconds $values.shutdown.drainSeconds }}
      {{- /* Each version spreads by itself, or the pods of the version that goes would push the new ones together. */}}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "changke.selector" $ | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      {{- with .service.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .service.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .service.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: changke
          image: {{ include "changke.image" .root | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          args: [serve, {{ .name }}]
          env:
            {{- include "changke.environment" . | trim | nindent 12 }}
            - name: TOKIO_WORKER_THREADS
              value: {{ .service.workerThreads | quote }}
          ports:
            {{- if eq .name "gateway" }}
            - {name: http, containerPort: 8080}
            {{- else }}
            - {name: grpc, containerPort: 9000}
            {{- end }}
            - {name: admin, containerPort: 9090}
          startupProbe:
            {{- include "changke.probe" "startup" | nindent 12 }}
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 60
          readinessProbe:
            {{- include "changke.probe" "ready" | nindent 12 }}
            periodSeconds: 5
            # A database has two seconds to answer before it counts as absent.
            timeoutSeconds: 3
            failureThreshold: 2
          livenessProbe:
            {{- include "changke.probe" "live" | nindent 12 }}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          # Calls go on coming in until every node has taken the pod off its list; only then may it refuse them.
          lifecycle:
            preStop:
              sleep: {seconds: {{ $values.shutdown.announceSeconds }}}
          resources:
            {{- toYaml .service.resources | nindent 12 }}
          securityContext:
            {{- include "changke.containerSecurity" . | nindent 12 }}
          volumeMounts:
            {{- include "changke.secretMounts" . | nindent 12 }}
            - {name: scratch, mountPath: /tmp}
            {{- if and (eq .name "customers") $values.files.claim }}
            - {name: files, mountPath: /var/lib/changke/files}
            {{- end }}
      volumes:
        {{- include "changke.secretVolume" . | nindent 8 }}
        - name: scratch
          emptyDir: {sizeLimit: {{ .service.scratchSize }}}
        {{- if and (eq .name "customers") $values.files.claim }}
        - name: files
          persistentVolumeClaim: {claimName: {{ $values.files.claim }}}
        {{- end }}
{{- end -}}
