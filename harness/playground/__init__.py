"""A local web page to talk to trained arms, side by side, with stored conversations (Django).

The web server's process loads no model: one worker process does, see `answering`.
"""
