"""What is decided without asking anybody: pure, from the standard library only."""
