"""Who may use the API, what they did, and which answers they got."""
