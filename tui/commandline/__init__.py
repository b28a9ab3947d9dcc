"""The command line: every command's options in one module, what it does in another.

Modules that declare options (`app`, `corpora`, `training`, `generating`, `models`) import next to nothing, so that
``--help`` is quick; the rest is imported by the command that runs.
"""
