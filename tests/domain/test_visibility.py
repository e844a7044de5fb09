"""Who may see an outcome."""

from domain.outcomes import SetVisibility, Visibility, VisibilitySet
from tests.given import ANA, given
from tests.stories import A, outcome


def test_r15_an_outcome_is_shown_to_those_who_are_named() -> None:
    given(outcome(A)).when(SetVisibility(outcome_id=A, visibility=Visibility.NAMED, person_ids=(ANA,))).then(
        VisibilitySet(outcome_id=A, visibility=Visibility.NAMED, person_ids=(ANA,))
    )
