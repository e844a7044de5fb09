"""The promises of the bakery, one in every state that a task can be in."""

from examples.demo.story import Story, entity


class Promise:
    """A task of the story; each method is something that one of its parties did, so many days ago."""

    def __init__(self, story: Story, name: str) -> None:
        self.story = story
        self.name = name

    def request(
        self, ago: int, by: str, of: str, title: str, *, due: int, serves: str, for_: str | None = None, **terms: object
    ) -> None:
        parties = {"promiserId": entity("person", of), "beneficiaryId": entity("person", for_) if for_ else None}
        served = {"outcomeId": entity("outcome", serves)}
        self._tell(ago, by, "request-task", title=title, dueOn=self.story.day(due), **terms, **parties, **served)

    def commit(
        self,
        ago: int,
        by: str,
        title: str,
        *,
        due: int,
        serves: str | None = None,
        because: str | None = None,
        for_: str | None = None,
        **terms: object,
    ) -> None:
        served = {"outcomeId": entity("outcome", serves) if serves else None, "servesNothing": because}
        party = {"beneficiaryId": entity("person", for_) if for_ else None}
        self._tell(ago, by, "commit-task", title=title, dueOn=self.story.day(due), **terms, **party, **served)

    def accept(self, ago: int, by: str) -> None:
        self._tell(ago, by, "accept-task")

    def decline(self, ago: int, by: str, reason: str) -> None:
        self._tell(ago, by, "decline-task", reason=reason)

    def withdraw(self, ago: int, by: str) -> None:
        self._tell(ago, by, "withdraw-request")

    def renegotiate(self, ago: int, by: str, reason: str, *, due: int | None = None, **terms: object) -> None:
        day = None if due is None else self.story.day(due)
        self._tell(ago, by, "renegotiate-task", dueOn=day, **terms, reason=reason)

    def agree(self, ago: int, by: str) -> None:
        self._tell(ago, by, "agree-terms")

    def refuse(self, ago: int, by: str, reason: str) -> None:
        self._tell(ago, by, "refuse-terms", reason=reason)

    def deliver(self, ago: int, by: str, evidence: str | None = None) -> None:
        self._tell(ago, by, "deliver-task", evidence=evidence, deliveredOn=self.story.day(ago))

    def take(self, ago: int, by: str) -> None:
        self._tell(ago, by, "accept-delivery")

    def give_back(self, ago: int, by: str, reason: str) -> None:
        self._tell(ago, by, "return-delivery", reason=reason)

    def break_(self, ago: int, by: str, reason: str) -> None:
        self._tell(ago, by, "break-commitment", reason=reason)

    def _tell(self, ago: int, by: str, command: str, **fields: object) -> None:
        self.story.tell(ago, by, command, self.name, taskId=entity("task", self.name), **fields)


def tell_promises(story: Story) -> None:
    """Every row of R6 that can be reached, and every end."""
    _asked(story)
    _running(story)
    _renegotiated(story)
    _delivered(story)
    _ended(story)


def _asked(story: Story) -> None:
    """Requested: nobody has promised yet."""
    loaf = Promise(story, "festival-loaf")
    loaf.request(3, "lena", "tom", "Bake a test batch of the festival loaf", due=-6, serves="stall", effort="5")
    crates = Promise(story, "crates")
    crates.request(
        2,
        "priya",
        "joss",
        "Bring back the empty crates of the four cafés",
        for_="gwen",
        due=-3,
        serves="round",
        conditions="All forty crates, washed, in the yard.",
    )


def _running(story: Story) -> None:
    """Committed: in time, overdue, and one that serves no outcome and says why."""
    card = Promise(story, "card")
    card.request(14, "ines", "lena", "Ask thirty regulars what brings them back", due=-4, serves="weekly", effort="8")
    card.accept(13, "lena")
    seal = Promise(story, "seal")
    seal.request(20, "tom", "obi", "Replace the door seal of the deck oven", due=4, serves="ovens", effort="3")
    seal.accept(19, "obi")
    prices = Promise(story, "prices")
    prices.commit(12, "priya", "Renew the prices of the six cafés", for_="mara", due=1, serves="dividend", effort="6")
    first_aid = Promise(story, "first-aid")
    unrelated = "The law asks for a second first-aider; it moves no outcome of ours."
    first_aid.commit(10, "niamh", "Book the first-aid course", due=-15, because=unrelated, effort="1")


def _renegotiated(story: Story) -> None:
    """New terms open, agreed (twice), refused, and agreed at once where promiser and beneficiary are one."""
    map_ = Promise(story, "map")
    map_.request(18, "gwen", "joss", "Draw the morning round as a map", due=-2, serves="know", effort="4")
    map_.accept(17, "joss")
    map_.renegotiate(2, "joss", "The van was in the garage for a week.", due=-10)
    recipe = Promise(story, "recipe")
    recipe.request(
        40, "tom", "hal", "Write down the rye recipe for the night shift", due=20, serves="doors", effort="3"
    )
    recipe.accept(39, "hal")
    recipe.renegotiate(24, "hal", "School examinations.", due=10)
    recipe.agree(23, "tom")
    recipe.renegotiate(12, "tom", "I want the wholemeal in it as well.", due=-6, conditions="Rye and wholemeal.")
    recipe.agree(11, "hal")
    count = Promise(story, "count")
    count.request(16, "priya", "tom", "Count the unsold loaves by kind for a week", due=-5, serves="waste", effort="2")
    count.accept(15, "tom")
    count.renegotiate(9, "tom", "Could we count only the big loaves?", title="Count the unsold big loaves for a week")
    count.refuse(8, "priya", "The small ones are half of what is left.")
    ledger = Promise(story, "ledger")
    ledger.commit(30, "niamh", "Close the books of the half-year", due=5, serves="dividend", effort="12")
    ledger.renegotiate(7, "niamh", "Two invoices of the oven are missing.", due=-7)


def _delivered(story: Story) -> None:
    """Waiting for an answer; returned once and under way again; returned once and kept."""
    sign = Promise(story, "sign")
    sign.request(15, "ines", "lena", "Paint the sign for the festival stall", due=2, serves="stall", effort="6")
    sign.accept(14, "lena")
    sign.deliver(4, "lena", "A photograph on the noticeboard")
    order = Promise(story, "order")
    order.request(22, "tom", "ines", "Make an order sheet for the second batch", due=-8, serves="waste", effort="3")
    order.accept(21, "ines")
    order.deliver(9, "ines")
    order.give_back(8, "tom", "It leaves out the rolls.")
    timer = Promise(story, "timer")
    timer.request(
        33, "obi", "hal", "Log the oven's temperature every hour for a week", due=21, serves="ovens", effort="5"
    )
    timer.accept(32, "hal")
    timer.deliver(24, "hal", "The log book, pages 3 to 9")
    timer.give_back(23, "obi", "Sunday is missing.")
    timer.deliver(22, "hal", "The log book, pages 3 to 10")
    timer.take(21, "obi")


def _ended(story: Story) -> None:
    """Kept in time, kept late, kept for oneself; declined, withdrawn, broken."""
    rota = Promise(story, "rota")
    rota.request(48, "tom", "obi", "Plan a rota for mixing at two", due=33, serves="doors", effort="4")
    rota.accept(47, "obi")
    rota.deliver(34, "obi", "On the door of the cold room")
    rota.take(33, "tom")
    quotes = Promise(story, "quotes")
    quotes.request(46, "mara", "gwen", "Get three quotes for a second van", due=30, serves="round", effort="4")
    quotes.accept(45, "gwen")
    quotes.deliver(26, "gwen", "Three letters")
    quotes.take(25, "mara")
    permit = Promise(story, "permit")
    permit.commit(40, "lena", "Apply for the festival permit", due=28, serves="stall", effort="2")
    permit.deliver(29, "lena", "Receipt of the harbour office")
    flyers = Promise(story, "flyers")
    flyers.request(
        26, "lena", "joss", "Put a flyer through every door on the quay", due=12, serves="stall", effort="10"
    )
    flyers.decline(25, "joss", "That is two mornings, and the round comes first.")
    tins = Promise(story, "tins")
    tins.request(24, "hal", "priya", "Order forty loaf tins", due=14, serves="shift")
    tins.withdraw(22, "hal")
    labels = Promise(story, "labels")
    labels.request(50, "ines", "niamh", "Find a printer for the postal labels", due=36, serves="post", effort="3")
    labels.accept(49, "niamh")
    labels.break_(38, "niamh", "We no longer send bread by post.")
