"""The command line: one short file a command. Only here do errors become exit codes."""
