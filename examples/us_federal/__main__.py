"""`python -m examples.us_federal [OUT]`."""

import sys

from examples.us_federal.commands import main

sys.exit(main())
