"""The topology of docker-compose.yml on one machine without Docker: `python -m deploy.native`."""
