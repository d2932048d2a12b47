"""How the embedded default is made: an invented question answering world and a tiny T5.

What the harness ships so that it works offline on a CPU. The harness never imports this package;
it only reads the files that these recipes wrote.
"""
