"""What the command line shows and how it fails: words for a person, one JSON object a line with `--json`."""
