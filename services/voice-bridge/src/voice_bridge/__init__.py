"""Voice sessions: speech in, speech out, and who speaks when.

Read `ports` for what an engine is, `domain.talk` for turn taking, then `engines`.
"""
