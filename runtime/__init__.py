"""What a process needs to run: logs, metrics and traces, and its end."""
