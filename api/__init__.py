"""The third door beside console/ and pages/: everything over HTTP, by whom and how far (docs/how-to/tokens.md)."""
