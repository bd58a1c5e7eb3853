{{- /* An image of ours: root, name. */ -}}
{{- define "parley.image" -}}
{{- with .root.Values.image.registry }}{{ . }}/{{ end }}parley/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- /* The variables of every service; what values.settings says wins. */ -}}
{{- define "parley.settings" -}}
{{- $own := dict "PARLEY_SECRETS_DIR" "/run/secrets/parley" "PARLEY_STREAM_REPLICAS" (toString .Values.nats.replicas) }}
{{- $servers := list }}
{{- range $number := until (int .Values.nats.replicas) }}
{{- $servers = append $servers (printf "nats://nats-%d.nats:4222" $number) }}
{{- end }}
{{- $_ := set $own "PARLEY_NATS_URL" (join "," $servers) }}
{{- if .Values.monitoring.enabled }}
{{- $_ := set $own "OTEL_EXPORTER_OTLP_ENDPOINT" .Values.monitoring.collector }}
{{- end }}
{{- range $name, $value := mergeOverwrite $own .Values.settings }}
{{ $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- define "parley.nats.args" -}}
- --config
- /etc/nats/{{ if gt (int .Values.nats.replicas) 1 }}cluster{{ else }}nats{{ end }}.conf
- --pid
- /run/nats/nats.pid
{{- end }}

{{- /* Lame duck: leaders and clients go to the other servers first, where there are any. */ -}}
{{- define "parley.nats.lifecycle" -}}
{{- if gt (int .Values.nats.replicas) 1 -}}
preStop:
  exec:
    command: [nats-server, --signal, ldm=/run/nats/nats.pid]
{{- else -}}
{}
{{- end }}
{{- end }}
