"""What users' tokens say beside the claims that every token has."""

from typing import Final

OPERATOR_SCOPE: Final = "parley.operator"
"""One of the words of a token's ``scope`` (RFC 8693, 4.2): its user may do an operator's work."""
