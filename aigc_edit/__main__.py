"""`python -m aigc_edit` is `aigc-edit`."""

import sys

from aigc_edit.cli import main

if __name__ == "__main__":
    sys.exit(main())
