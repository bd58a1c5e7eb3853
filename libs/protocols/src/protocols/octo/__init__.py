"""The octo protocol, version 0.4.0."""
