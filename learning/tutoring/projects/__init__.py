"""Projects: made, copied, changed; their students and goals."""
