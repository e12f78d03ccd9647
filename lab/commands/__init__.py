"""The command line: one file a command, each a thin translation of arguments into the studio's verbs."""
