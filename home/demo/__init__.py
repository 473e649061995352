"""The demo school: real courses to read, people in every role, study in progress."""
