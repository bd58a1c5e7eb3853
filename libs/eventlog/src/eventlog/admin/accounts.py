"""The accounts of nats-server, written from the table of `eventlog.admin.permissions`.

``python -m eventlog.admin.accounts`` prints them for the server's configuration. Passwords are not in them:
each is a variable, such as ``$EDGE_WS_PASSWORD``, that a file beside it defines. The supervisor of the
embedded stack reads this as well, so nothing heavy is imported here.

nats-server looks at no permission for the reply that a request names. So each service has an account of its
own, which the streams are not in, and by which it reaches no more of the others than it may publish to:
wherever a service has an answer sent to, it could have published there itself.

Source: nats-server 2.15, exports and imports of services and streams between accounts.
"""

import json
import sys
from collections.abc import Iterable
from typing import Final

from contracts import subjects
from eventlog.admin.permissions import OPERATOR, USERS, User, variable

LOG_ACCOUNT: Final = "PARLEY"
"""Has the streams and the operator; every call of a service goes through it."""
SYSTEM: Final = "system"
ANSWER_PARTS: Final = 256
"""As `eventlog.replies.MAX_PARTS`."""
ANSWER_WITHIN: Final = "15m"
"""How long a request may be answered; longer than any run that is not kept."""
PULL_WITHIN: Final = "1m"
"""How long the server remembers whom to send what was pulled; longer than any pull is open."""

_API_INFO: Final = "$JS.API.INFO"
"""An account that imports this from elsewhere is not given the server's own API, whose every answer is that
there are no streams here. Nobody may ask it."""
_PINGS: Final = subjects.query("ping.*")
_ANSWERED_ONCE: Final = (
    subjects.LOG_SUBJECTS,
    subjects.LIVE_SUBJECTS,
    subjects.DEAD_SUBJECTS,
    "probe.*",
    f"$O.{subjects.PAYLOAD_BUCKET}.>",
    _API_INFO,
    "$JS.API.STREAM.>",
    "$JS.API.CONSUMER.INFO.>",
    "$JS.ACK.>",
)
_ANSWERED_IN_PARTS: Final = {
    "$JS.API.DIRECT.GET.>": PULL_WITHIN,
    "$JS.API.CONSUMER.MSG.NEXT.>": PULL_WITHIN,
    subjects.query(">"): ANSWER_WITHIN,
}
_TOLD: Final = (f"{subjects.RECORDED_PREFIX}.>", subjects.LIVE_SUBJECTS)


def names() -> list[str]:
    """Every user that has a password."""
    return [SYSTEM, OPERATOR, *(user.name for user in USERS)]


def accounts() -> str:
    """The accounts as nats-server's configuration has them."""
    return f"""accounts {{
  {LOG_ACCOUNT} {{
    jetstream: enabled
    users: [
      # Declares, changes, purges and deletes streams, and repairs what is in them.
      {{ user: {OPERATOR}, password: ${variable(OPERATOR)} }}
    ]
    exports: {_list(_log_exports())}
    imports: {_list(_imported(_account(user), subject) for user in USERS for subject in user.answered())}
  }}
{"".join(map(_service, USERS))}  SYS {{
    users: [ {{ user: {SYSTEM}, password: ${variable(SYSTEM)} }} ]
  }}
}}

system_account: SYS
"""


def users_file() -> str:
    """The file that the shipped configurations include."""
    return f"""# Written by `python -m eventlog.admin.accounts`; the table is in `eventlog.admin.permissions`.

include "secrets/passwords.conf"

{accounts()}"""


def _account(user: User) -> str:
    return user.name.replace("-", "_").upper()


def _service(user: User) -> str:
    return f"""  {_account(user)} {{
    users: [
      {{
        user: {user.name}
        password: ${user.password}
        permissions {{
          publish: {_list(map(json.dumps, user.publish()), indent=10)}
          subscribe: {_list(map(json.dumps, user.subscribe()), indent=10)}
          allow_responses: {{ max: {ANSWER_PARTS}, expires: {json.dumps(ANSWER_WITHIN)} }}
        }}
      }}
    ]
    exports: {_list(_exports(user))}
    imports: {_list(_imports(user))}
  }}
"""


def _log_exports() -> Iterable[str]:
    for subject in _ANSWERED_ONCE:
        yield f"{{ service: {json.dumps(subject)} }}"
    for subject, within in _ANSWERED_IN_PARTS.items():
        yield _in_parts(subject, within)
    for subject in _TOLD:
        yield f"{{ stream: {json.dumps(subject)} }}"


def _exports(user: User) -> Iterable[str]:
    for subject in user.answered():
        yield _in_parts(subject, ANSWER_WITHIN)
    for subject in user.sends():
        if any(_hears_from(other, user, subject) for other in USERS):
            yield f"{{ stream: {json.dumps(subject)} }}"


def _imports(user: User) -> Iterable[str]:
    yield _imported(LOG_ACCOUNT, _API_INFO)
    for subject in user.calls():
        for each in _pings(user) if subject == _PINGS else [subject]:
            yield _imported(LOG_ACCOUNT, each)
    for subject in user.hears():
        if subject in _TOLD:
            yield _imported(LOG_ACCOUNT, subject, kind="stream")
        for other in USERS:
            if _hears_from(user, other, subject):
                yield _imported(_account(other), subject, kind="stream")


def _pings(user: User) -> list[str]:
    """What a wildcard for all pings means to one of those who are asked; its own would go in a circle."""
    return [subjects.query(f"ping.{name}") for name in names() if name not in (user.name, SYSTEM)]


def _hears_from(hearer: User, sender: User, subject: str) -> bool:
    return hearer is not sender and subject in hearer.hears() and subject in sender.sends()


def _in_parts(subject: str, within: str) -> str:
    return f"{{ service: {json.dumps(subject)}, response: stream, threshold: {json.dumps(within)} }}"


def _imported(account: str, subject: str, *, kind: str = "service") -> str:
    return f"{{ {kind}: {{ account: {account}, subject: {json.dumps(subject)} }} }}"


def _list(entries: Iterable[str], *, indent: int = 4) -> str:
    lines = "".join(f"{' ' * indent}  {each}\n" for each in entries)
    return f"[\n{lines}{' ' * indent}]"


if __name__ == "__main__":
    sys.stdout.write(users_file())
