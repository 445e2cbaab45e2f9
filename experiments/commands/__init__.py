"""The commands of ``webdual``, one module each.

A command module offers ``add_parser(commands)``, which adds its parser and calls
``parser.set_defaults(run=run)``, and ``run(args) -> int``, which returns the exit code. It may import
anything at its top: the command line imports it only when its command is asked for.
"""
