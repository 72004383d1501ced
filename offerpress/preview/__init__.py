"""The live preview: the site, its statements and its mail as they would be now, for staff on their own machine.

Nothing of it is ever in a build: script, bar, overlay and staff pages exist only in the answers of this server.
"""
