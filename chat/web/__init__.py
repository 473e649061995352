"""The chat as pages and API."""
