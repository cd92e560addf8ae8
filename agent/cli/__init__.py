"""The `internvl-vpr` command and its subcommands."""
