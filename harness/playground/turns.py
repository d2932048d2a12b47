"""What a person does in a conversation: ask, stop, ask again, vote, rename, delete.

Every function changes the database, and tells the queue and the open pages.
"""

from __future__ import annotations

import random
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from harness.playground import history
from harness.playground.catalogue import Arm, TestItem
from harness.playground.models import Answer, Conversation, Turn, Vote
from harness.playground.services import services

__all__ = [
    "MOST_WAITING",
    "Refused",
    "again",
    "ask",
    "begin",
    "delete",
    "named",
    "redecode",
    "rename",
    "stop",
    "votable",
    "vote",
]

MOST_WAITING: Final = 200
"""Answers that may wait in the queue; a question that would make it longer is refused."""
_TITLE = 80
_UNFINISHED = (Answer.Status.WAITING, Answer.Status.ANSWERING)
_SAID = (Answer.Status.DONE, Answer.Status.STOPPED)


class Refused(Exception):  # noqa: N818
    """What was asked for is not possible now; the text is a sentence for the person.

    Attributes
    ----------
    status : int
        As an HTTP status.
    """

    def __init__(self, reason: str, status: int) -> None:
        self.status = status
        super().__init__(reason)


def begin(arms: Sequence[Arm], *, blind: bool, decoding: Mapping[str, Any]) -> Conversation:
    """A conversation without turns."""
    chosen = [{"key": arm.key, "name": arm.name} for arm in arms]
    return Conversation.objects.create(arms=chosen, blind=blind, decoding=dict(decoding))


def ask(
    conversation: Conversation,
    *,
    question: str,
    context: str,
    fields: Mapping[str, str],
    item: TestItem | None,
) -> Turn:
    """Put a question to all arms of a conversation.

    Parameters
    ----------
    item : TestItem or None
        The test item that it is, unchanged.

    Raises
    ------
    Refused
        Nothing is asked, or too much is waiting already.
    """
    if not any(text.strip() for text in (question, context, *fields.values())):
        raise Refused("Type a question first.", 400)
    own = Answer.objects.filter(owner=services().queue.owner)
    waiting = own.filter(status=Answer.Status.WAITING).count()
    if waiting + len(conversation.arms) > MOST_WAITING:
        raise Refused(f"{waiting} answers are waiting already. Ask again when some are done.", 429)
    arms = list(conversation.arms)
    if conversation.blind:
        random.SystemRandom().shuffle(arms)
    catalogue = services().catalogue
    with transaction.atomic():
        if not Conversation.objects.select_for_update().filter(pk=conversation.pk).exists():
            raise Refused("This conversation was deleted.", 404)
        turn = Turn.objects.create(
            conversation=conversation,
            question=question,
            context=context,
            fields=dict(fields),
            item_id=item.id if item else "",
            references=list(item.references) if item else [],
        )
        Answer.objects.bulk_create(
            Answer(
                turn=turn,
                place=place,
                owner=services().queue.owner,
                arm_key=arm["key"],
                arm_name=arm["name"],
                run_id=known.run_id if (known := catalogue.arm(arm["key"])) else "",
            )
            for place, arm in enumerate(arms)
        )
        conversation.refresh_from_db(fields=["title"])  # it may have been renamed meanwhile
        untitled = not conversation.title
        if untitled:
            conversation.title = _title(question or next(filter(None, fields.values()), context))
        conversation.changed = timezone.now()
        conversation.save(update_fields=["title", "changed"])
        history.index(conversation.pk)
    services().live.tell(conversation.pk, "turn", turn.pk, turn=turn.pk)
    if untitled:
        services().live.tell(conversation.pk, "conversation")
    services().queue.wake()
    return turn


def stop(answer: Answer) -> None:
    """End an answer where it is; one that has ended stays as it is."""
    found = services().queue.stop(answer.pk)
    changes = {"text": found.text, "new_tokens": found.new_tokens} if found else {}
    changed = Answer.objects.filter(pk=answer.pk, status__in=_UNFINISHED).update(
        status=Answer.Status.STOPPED, **changes
    )
    if changed:
        _ended(answer)


def again(answer: Answer) -> None:
    """Ask an arm again whose answer did not come to its end.

    Raises
    ------
    Refused
        It did, it still may, or it was voted on.
    """
    if Vote.objects.filter(turn=answer.turn_id).exists():
        raise Refused("This turn has a vote already, so its answers stay as they are.", 409)
    if answer.turn.conversation.blind and named(answer.turn):
        Turn.objects.filter(pk=answer.turn_id).update(revealed=True)
    ends = (Answer.Status.STOPPED, Answer.Status.INTERRUPTED, Answer.Status.FAILED)
    changed = Answer.objects.filter(pk=answer.pk, status__in=ends).update(
        status=Answer.Status.WAITING,
        owner=services().queue.owner,
        text="",
        new_tokens=None,
        seconds=None,
        settings={},
        notes=[],
        error="",
    )
    if not changed:
        raise Refused("Only an answer that did not come to its end can be asked for again.", 409)
    _ended(answer)
    services().queue.wake()


def named(turn: Turn) -> bool:
    """Whether it may be shown which answer is whose, with all that could tell."""
    open_ = turn.revealed or not turn.conversation.blind
    return open_ or _final(turn) or not _can_be_voted(turn)


def votable(turn: Turn) -> bool:
    """Whether a vote may be given now; a blind one is final, an open one may be changed."""
    answers = list(turn.answers.all())
    done = not any(answer.unfinished for answer in answers)
    return done and _can_be_voted(turn) and not _final(turn)


def vote(turn: Turn, preferred: Answer | None) -> None:
    """Say which answer is better, or with None that there is no difference.

    Raises
    ------
    Refused
        There is nothing to choose from yet, or the vote was given.
    """
    with transaction.atomic():
        now = Turn.objects.select_for_update().get(pk=turn.pk)  # not as a page showed it
        if not votable(now):
            raise Refused("This turn cannot be voted on now.", 409)
        if preferred is not None and (preferred.turn_id != now.pk or preferred.status not in _SAID):
            raise Refused("This answer cannot be preferred.", 400)
        Vote.objects.update_or_create(
            turn=now,
            defaults={
                "preferred": preferred,
                "blind": now.conversation.blind and not now.revealed,
                "created": timezone.now(),
            },
        )
    services().live.tell(turn.conversation_id, "turn", turn.pk, turn=turn.pk)


def rename(conversation: Conversation, title: str) -> None:
    """Call a conversation something else."""
    Conversation.objects.filter(pk=conversation.pk).update(title=title.strip())
    history.index(conversation.pk)
    services().live.tell(conversation.pk, "conversation")


def redecode(conversation: Conversation, decoding: Mapping[str, Any]) -> None:
    """Decode the next answers differently."""
    Conversation.objects.filter(pk=conversation.pk).update(decoding=dict(decoding))
    services().live.tell(conversation.pk, "conversation")


def delete(conversation: Conversation) -> None:
    """Delete a conversation with all that is in it; what is still being answered stops."""
    key = conversation.pk
    for answer in Answer.objects.filter(turn__conversation=key, status__in=_UNFINISHED):
        services().queue.stop(answer.pk)
    with transaction.atomic():
        # Nobody asks or votes in it between what is found in it and its end.
        list(Conversation.objects.select_for_update().filter(pk=key))
        list(Turn.objects.select_for_update().filter(conversation=key).values_list("pk"))
        Conversation.objects.filter(pk=key).delete()
    services().live.tell(key, "gone")


def _ended(answer: Answer) -> None:
    services().live.ended(answer.turn.conversation_id, answer.turn_id, answer.pk)


def _final(turn: Turn) -> bool:
    vote: Vote | None = getattr(turn, "vote", None)  # as a page's query has brought it along
    return vote is not None and vote.blind


def _can_be_voted(turn: Turn) -> bool:
    """Whether there are, or still may be, two answers to choose from."""
    possible = [one for one in turn.answers.all() if one.unfinished or one.status in _SAID]
    return len(possible) > 1


def _title(text: str) -> str:
    shortened = textwrap.shorten(text, _TITLE, placeholder="…")
    return shortened if len(shortened) > 1 else text.strip()[: _TITLE - 1] + "…"
