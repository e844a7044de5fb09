"""The garbage collector of a process that serves: it holds much that lives long, and makes few circles."""

import gc


def collect_seldom() -> None:
    """What is loaded by now is never looked at again, young objects every 50,000: with the warm folds of a thousand
    organisations the default costs a tenth of the appends."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
