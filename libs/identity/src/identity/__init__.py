"""Who presents a token: JWTs checked against a shared secret or a published key set.

Read `verifier`, then `keys`.
"""

from identity.keys import KeySet, KeysUnavailableError
from identity.verifier import Member, RefusedTokenError, Verifier

__all__ = ["KeySet", "KeysUnavailableError", "Member", "RefusedTokenError", "Verifier"]
