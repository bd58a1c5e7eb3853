"""The LangGraph Agent Server API: what ``langgraph-sdk``, ``useStream`` and ``RemoteGraph`` speak.

Begin at `wire` (what clients send), then `answers` (what they get), `stream` (a run as Server-Sent
Events) and `events` (a thread's event stream); `door` says where all of it is.
"""
