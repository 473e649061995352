"""The chat under faults: servers that die and come back while people write, and a count of what they lost."""
