"""The real ends of `ports`."""
