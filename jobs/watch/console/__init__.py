"""The console: what watch knows, as a page in a browser; read-only, and for this machine only.

One page of HTML that is rendered here (`pages/`), redrawn by thirty lines of script, and current
without them too: no framework, no build, nothing from any other place. `view.py` decides what is
shown, `parts.py` and `history_lines.py` how each part of it reads, `server.py` who may see it.
"""
