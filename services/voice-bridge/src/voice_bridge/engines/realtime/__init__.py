"""The OpenAI Realtime API (GA). Read `upstream` for what its events mean, then `session` and `engine`."""
