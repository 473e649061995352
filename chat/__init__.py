"""Chat rooms of study groups and courses."""
