"""Which Sellerbeat this is: the project is run from its folder and installed nowhere, so that no metadata says it."""

VERSION = "0.1.0"
