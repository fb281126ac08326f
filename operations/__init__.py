"""What command line, page and API all do: enrolling, consent, status, health. Each is one function; the doors only ask and show."""
