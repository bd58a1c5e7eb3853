"""The wire protocols, pure: a frame is decoded to a command, an event is encoded to frames."""
