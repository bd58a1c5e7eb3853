"""Speech engines. Read `pipeline` with `local` and `cascade`, then `realtime`."""
