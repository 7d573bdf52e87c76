"""`python -m xacct_helpers` is the `xacct` command."""

from .cli import main

raise SystemExit(main())
