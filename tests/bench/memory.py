"""What the serving processes of this run held when they were done."""

from tests.bench.pairs import Figure, Skipped, tell
from tests.bench.place import Place
from tests.bench.served import RESIDENT

MOST_MIB = 250


async def memory(_place: Place) -> list[Figure]:
    if not RESIDENT:
        raise Skipped("it is read off the servers of http and reads; name one of them before it")
    figures: list[Figure] = []
    for title, found in RESIDENT.items():
        name = f"resident after {title}"
        figure = Figure(
            bench="memory", name=name, value=found, limit=MOST_MIB, least=found, most=found, at_most=True, unit=" MiB"
        )
        tell(figure.line())
        figures.append(figure)
    return figures
