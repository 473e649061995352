"""Fan-out of the chat beside other servers: `python -m tests.benchmarks.chat`."""
