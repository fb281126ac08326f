"""The retryable steps, one file a step: fetch with `ebay/`, decide with `domain/`, keep with `store/`."""
