"""The command line: one module a verb, each imported when its verb is used."""
