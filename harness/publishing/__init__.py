"""A trained arm to the Hub: cleaned, with a card made from its run, private unless asked otherwise.

`push` composes; `card` writes, `staging` cleans and looks for what is private, `uploading` is the
only module that talks to the Hub.
"""

from harness.publishing.push import Pushing, push

__all__ = ["Pushing", "push"]
