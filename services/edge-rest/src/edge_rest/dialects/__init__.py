"""What the protocols say, without I/O."""
