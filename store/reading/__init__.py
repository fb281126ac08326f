"""What people and programs look at: status, snapshots, the page, what is late."""
