"""`python -m examples.demo [OUT]`."""

import sys

from examples.demo.commands import main

sys.exit(main())
