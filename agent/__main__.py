"""`python -m internvl_vpr.agent` is the command `internvl-vpr`."""

from .cli.main import main

main()
