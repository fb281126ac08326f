"""What a process counts and shows at /metrics (docs/reference/metrics.md), and the traces that it sends where that is asked for.

Knows the Temporal SDK only: its runtime has the endpoint, and its meter keeps our figures beside its own.
"""
