"""Who may use the API, what they did, which answers they got, and which sessions of the page were logged out."""
