"""HTTP: the status page and its buttons, the feed of changes, health. FastAPI and jinja2; every figure comes from `store/`."""
