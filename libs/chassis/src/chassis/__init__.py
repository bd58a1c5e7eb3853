"""What every service is made of: settings, server, health routes, logs, metrics, traces."""
