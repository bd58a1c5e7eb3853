"""Who presents a token: JWTs checked against a shared secret or a published key set.

Read `member`, `verifier`, then `keys`. `settings` loads the library where somebody presents a token.
"""

from identity.member import KeysUnavailableError, Member, RefusedTokenError, Verifier

__all__ = ["KeysUnavailableError", "Member", "RefusedTokenError", "Verifier"]
