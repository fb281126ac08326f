"""What is done once for everybody: planning, the watchdog, comparing, erasing."""
