"""Rooms of study groups: what is said in them, and how it reaches everyone."""
