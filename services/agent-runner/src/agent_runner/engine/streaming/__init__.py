"""What a run shows while it goes: LangGraph's own streams, turned into frames that are sent and recorded.

Begin at `recorder` (where frames go), then `modes` and `protocol` (where they come from); `encoding` makes
them JSON.
"""
