"""The root of every question.

All take `asOf`; those that tell dated facts take `on`, the day, which is that of `asOf` unless said otherwise.
"""

from api.graphql.mapping import stands_on
from api.graphql.questions.accountability import AccountabilityQuestions
from api.graphql.questions.alignment import AlignmentQuestions
from api.graphql.questions.celebrations import CelebrationQuestions
from api.graphql.questions.finding import FindingQuestions
from api.graphql.questions.history import HistoryQuestions
from api.graphql.questions.labels import LabelsQuestions
from api.graphql.questions.milestones import MilestoneQuestions
from api.graphql.questions.news import NewsQuestions
from api.graphql.questions.notices import NoticeQuestions
from api.graphql.questions.organisation import OrganisationQuestions
from api.graphql.questions.practice import PracticeQuestions
from api.graphql.questions.progress import ProgressQuestions
from api.graphql.questions.reviews import ReviewQuestions
from api.graphql.questions.sight import SightQuestions
from api.graphql.questions.sources import SourceQuestions
from api.graphql.questions.webhooks import WebhookQuestions


@stands_on(None)
class Query(
    OrganisationQuestions,
    AlignmentQuestions,
    ProgressQuestions,
    PracticeQuestions,
    ReviewQuestions,
    AccountabilityQuestions,
    MilestoneQuestions,
    CelebrationQuestions,
    HistoryQuestions,
    FindingQuestions,
    NewsQuestions,
    LabelsQuestions,
    SightQuestions,
    SourceQuestions,
    WebhookQuestions,
    NoticeQuestions,
):
    """Every answer is of one snapshot, and says the position of it."""
