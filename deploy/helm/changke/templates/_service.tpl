{{- define "changke.kubeService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "changke.component" . }}
  labels:
    {{- include "changke.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "changke.selector" . | nindent 4 }}
  ports:
    {{- if eq .name "gateway" }}
    - {name: http, port: 80, targetPort: http, appProtocol: http}
    {{- else }}
    - {name: grpc, port: 9000, targetPort: grpc, appProtocol: kubernetes.io/h2c}
    {{- end }}
    - {name: admin, port: 9090, targetPort: admin, appProtocol: http}
{{- end -}}

{{- define "changke.autoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "changke.component" . }}
  labels:
    {{- include "changke.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "changke.component" . }}}
  minReplicas: {{ .service.replicas }}
  maxReplicas: {{ .service.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .service.targetCpuPercent }}}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
        - {type: Pods, value: 1, periodSeconds: 60}
{{- end -}}

{{- define "changke.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "changke.component" . }}
  labels:
    {{- include "changke.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  # A pod that doesn't serve anyway must not hold up the draining of its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "changke.selector" . | nindent 6 }}
{{- end -}}

{{- define "changke.monitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "changke.component" . }}
  labels:
    {{- include "changke.labels" . | nindent 4 }}
    {{- with .root.Values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  jobLabel: app.kubernetes.io/component
  selector:
    matchLabels:
      {{- include "changke.selector" . | nindent 6 }}
  endpoints:
    - port: admin
      path: /metrics
      interval: {{ .root.Values.serviceMonitor.interval }}
{{- end -}}
