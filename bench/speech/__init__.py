"""What the voice hears, says and costs, in one run: ``make bench-speech``.

`people` is human speech, `orders` are commands by synthetic voices, `echoes` the voice's own sound, and
`costs` are times, CPU and the length of answers. Each gives its figures as JSON has them; `report` writes
them as docs/benchmarks/speech.md. The ears are those of the light engine.
"""

import time
from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, Any]


class Budget:
    """The seconds that a part may take; what was done by then is what its figures tell of."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether nothing more should be begun."""
        return time.monotonic() >= self._until
