"""R5, R6: a product with one row of the table broken does not pass for whole.

What the state machine of promises can't tell apart from the product it would not find in the product either.
"""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import Phase, settings

from domain.promises import State
from domain.transitions import MOVES, Party
from infra.embedded import EmbeddedServer
from tests.infra.test_promise_machine import hold_together

Break = Callable[[pytest.MonkeyPatch], None]
BY_ANY = (Party.PROMISER, Party.REQUESTER, Party.BENEFICIARY)
# A failure is enough; what it shrinks to is not asked for. The same stories at every run.
UNTIL_IT_FAILS = settings(
    max_examples=400, stateful_step_count=50, phases=[Phase.generate], derandomize=True, report_multiple_bugs=False
)


def by_whomever(command: str, source: State) -> Break:
    """A row that lets all parties do what is one's."""
    row = msgspec.structs.replace(MOVES[command, source], by=BY_ANY)
    return lambda patch: patch.setitem(MOVES, (command, source), row)


BREAKS: dict[str, Break] = {
    "a promiser accepts their own delivery": by_whomever("accept-delivery", State.DELIVERED),
    "who asks accepts the request": by_whomever("accept-task", State.REQUESTED),
    "anybody breaks the promise": by_whomever("break-commitment", State.COMMITTED),
    "a promiser withdraws the request": by_whomever("withdraw-request", State.COUNTERED),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_r6_a_broken_row_of_the_table_is_found(
    postgres: EmbeddedServer, database_name: str, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    BREAKS[broken](monkeypatch)
    with pytest.raises(AssertionError):
        hold_together(postgres, database_name, UNTIL_IT_FAILS)
