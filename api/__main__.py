"""`python -m api` is `headway`."""

from api.cli import main

if __name__ == "__main__":
    main()
