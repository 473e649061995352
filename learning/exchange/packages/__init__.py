"""Readers of course packages. They know nothing of pages: what they find is a `learning.exchange.tree`."""
