"""The voice protocol."""
