"""The command line: `main`, and one short file a command. Only here do errors become exit codes."""
