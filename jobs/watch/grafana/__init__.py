"""What Grafana is given: the dashboards."""
