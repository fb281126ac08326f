"""The third door beside console/ and pages/: everything over HTTP, by whom and how far (DESIGN, Contract, HTTP and Tokens)."""
