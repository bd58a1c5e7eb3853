"""The graphs that come with Parley, and the catalogue that adds users' own."""
