"""The command line: one short file a command. Only here do errors become exit codes."""

# What imports make stays; to look through it for garbage is a fifth of a short command's time.
GARBAGE_AFTER = 100_000
