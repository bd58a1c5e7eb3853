"""The quote protocol."""
