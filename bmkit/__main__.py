"""`python3 -m bmkit`: sets itself up where needed, then is the `bmkit` command."""

import sys

from bmkit.bootstrap import main

if __name__ == "__main__":
    sys.exit(main())
