"""`python3 -m bmkit`: sets itself up where needed, then is the `bmkit` command."""

import sys

if __name__ == "__main__":
    from bmkit.course.cli import main

    sys.exit(main())
