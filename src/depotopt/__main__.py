"""``python -m depotopt``."""

from depotopt.cli import main

raise SystemExit(main())
