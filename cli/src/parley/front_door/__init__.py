"""The front door: one process on every public port, in front of the edges.

WebSocket upgrades go to edge-ws, every other request to edge-rest, request by request. Read
:mod:`parley.front_door.client` first: it is the life of one connection.
"""
