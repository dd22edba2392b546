"""The console: what watch knows, as a page in a browser; read-only, and for this machine only.

HTML that is rendered here (`web/`), and redrawn by a hundred lines of script without which it is
current too: no framework, no build, nothing from any other place. `view.py` says what is wrong,
`parts.py` what is below that, `lines.py` and `charts.py` how it came about, `words.py` how numbers
are told; `pages.py` draws, `site.py` answers, `door.py` decides who may look, `server.py` listens.
"""
