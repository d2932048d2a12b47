"""Base models: where they come from, how their weights are held, what is trained.

Modules are imported where they are used: `sources` is light, the others load torch.
"""
