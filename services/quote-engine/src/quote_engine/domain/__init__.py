"""The talk itself: no I/O, no clock, no ids. Begin with `dialogue`."""
