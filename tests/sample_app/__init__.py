"""An app as a school might add one: it brings one of everything that apps register, and touches no other app."""
