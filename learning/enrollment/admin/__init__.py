"""The CMS section “Learning”."""
