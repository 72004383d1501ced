"""The live preview: the site, its statements and its mails as of now, for staff on their own machine.

Script, bar, overlay and staff pages exist only in this server's answers, and never in a build.
"""
