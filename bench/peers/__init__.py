"""What people use instead, measured beside Parley: ``make bench-peers``.

`environments` installs the peers, `contestants` starts them, `clients` speaks to them, `measures` says what
is measured, `__main__` has them take turns, and `report` and `plots` write what came of it.
"""
