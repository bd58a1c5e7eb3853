"""The runner's ports over the log and its streams."""
