"""Turns over the log: what is said is taken in (`inbox`), handed to a responder
(`work`, `deliveries`, `responder`) and answered (`journal`); `progress` decides whose turn it is.
"""
