"""Importing people and enrolments from tables."""
