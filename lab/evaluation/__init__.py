"""What models are trained and measured on: scenarios, probes, metrics and statistics."""
