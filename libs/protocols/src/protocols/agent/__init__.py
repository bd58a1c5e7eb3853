"""The step-based agent protocol."""
