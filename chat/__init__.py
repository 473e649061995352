"""Rooms of study groups. Its place on the ladder is kept; its rooms open with the chat itself."""
