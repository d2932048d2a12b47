"""Conversations in the database, as several tests want them; import it once Django is set up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.playground.models import Answer, Conversation, Turn, Vote

__all__ = ["asked", "begun", "voted"]


def begun(title: str = "Mola", *, blind: bool = False, **more: Any) -> Conversation:
    arms = [{"key": "k-plain", "name": "plain"}, {"key": "k-full", "name": "full"}]
    return Conversation.objects.create(**{"title": title, "blind": blind, "arms": arms, **more})


def asked(conversation: Conversation, answers: Mapping[str, str], **turn: Any) -> Turn:
    """A turn with the answers of some arms, by their names, in this order."""
    made = conversation.turns.create(**{"question": "Who built Mola?", **turn})
    for place, (name, text) in enumerate(answers.items()):
        made.answers.create(
            place=place,
            arm_key=f"k-{name}",
            arm_name=name,
            run_id=f"r-{name}",
            status=Answer.Status.DONE,
            text=text,
        )
    return made


def voted(turn: Turn, preferred: str | None, *, blind: bool = False) -> Vote:
    """A vote for an arm, by its name, or for none."""
    answer = turn.answers.get(arm_name=preferred) if preferred else None
    return Vote.objects.create(turn=turn, preferred=answer, blind=blind)
