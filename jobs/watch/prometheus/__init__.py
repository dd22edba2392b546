"""What Prometheus is given: the alerts."""
