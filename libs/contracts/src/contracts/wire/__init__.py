"""Models of what travels between clients and the edges, one module a protocol."""
