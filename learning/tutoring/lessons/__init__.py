"""What happens to one lesson: marked, reopened, planned, asked to be moved."""
