"""The HTTP API of the daemon, its events and its page.

The control socket and the page's address serve the same routes.
"""
