"""Projects the log into SQL and answers queries from it.

Read `tables` for what is kept, `projections` for how events become rows, `projector` for when.
"""
