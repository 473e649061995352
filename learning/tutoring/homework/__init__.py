"""Homework: given, handed in, looked at."""
