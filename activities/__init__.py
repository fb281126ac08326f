"""The retryable steps, one file a step: fetch with `ebay/`, decide with `changes/` and `pacing/`, keep with `store/`."""
