"""What is stored: conversations, their turns, the arms' answers, and votes on them.

Holds data; what a person does to them is `turns`' and `history`'s work.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone

__all__ = ["Answer", "Conversation", "Turn", "Vote"]


class Conversation(models.Model):
    """Questions to one choice of arms.

    Attributes
    ----------
    title : str
        The first question's beginning, until it is renamed.
    created, changed : datetime
    arms : list of dict
        `key` and `name` of each arm as chosen, see `catalogue.Arm`.
    blind : bool
        Whether arms are shuffled in each turn, and unnamed until the vote.
    decoding : dict
        What differs from how the arms were trained to be asked, see `decoding`.
    searchable : str
        All of its texts, case-folded, for the search.
    """

    title = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now, db_index=True)
    arms = models.JSONField()
    blind = models.BooleanField(default=False)
    decoding = models.JSONField(default=dict)
    searchable = models.TextField(default="")

    class Meta:
        ordering = ("-changed", "-id")


class Turn(models.Model):
    """A question, put to all arms of its conversation.

    Attributes
    ----------
    question, context : str
        Both may be empty only if the arms' prompts have other fields.
    fields : dict of str to str
        Other fields that a prompt names.
    item_id : str
        The test item that it is, if it is one.
    references : list of str
        That item's reference answers.
    revealed : bool
        In a blind conversation: whether the arms were named before there was a vote, as they are
        when there is nothing to choose from because answers failed.
    """

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="turns")
    question = models.TextField(blank=True)
    context = models.TextField(blank=True)
    fields = models.JSONField(default=dict)
    item_id = models.TextField(blank=True)
    references = models.JSONField(default=list)
    revealed = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)


class Answer(models.Model):
    """What an arm says, from being asked to the end.

    Attributes
    ----------
    place : int
        Where it stands beside the others, from 0.
    owner : str
        The playground whose queue it is in; others may have the same database.
    arm_key, arm_name, run_id : str
        Whose it is; the MLflow run is empty for a model from a folder.
    status : str
        One of `Status`.
    text : str
        As far as it has come.
    new_tokens : int or None
        Tokens generated, the ending eos or stop string included.
    seconds : float or None
        From the first to the last token; loading the model is not part of it.
    settings : dict
        What it was asked with: prompt, base model, decoding, seed.
    notes : list of str
        What a reader has to know, a sentence each.
    error : str
        Why it failed.
    """

    class Status(models.TextChoices):
        """How far an answer is."""

        WAITING = "waiting"
        ANSWERING = "answering"
        DONE = "done"
        STOPPED = "stopped"
        """A person stopped it."""
        INTERRUPTED = "interrupted"
        """The playground ended before it did."""
        FAILED = "failed"

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="answers")
    place = models.PositiveSmallIntegerField()
    owner = models.CharField(max_length=16, blank=True)
    arm_key = models.CharField(max_length=64)
    arm_name = models.TextField()
    run_id = models.CharField(max_length=64, blank=True)
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.WAITING, db_index=True
    )
    text = models.TextField(blank=True)
    new_tokens = models.PositiveIntegerField(null=True)
    seconds = models.FloatField(null=True)
    settings = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("turn_id", "place")
        constraints = (
            models.UniqueConstraint(fields=["turn", "place"], name="one_answer_per_place"),
            models.UniqueConstraint(fields=["turn", "arm_key"], name="one_answer_per_arm"),
        )

    @property
    def unfinished(self) -> bool:
        """Whether it is waited for."""
        return self.status in (self.Status.WAITING, self.Status.ANSWERING)


class Vote(models.Model):
    """Which answer of a turn is better.

    Attributes
    ----------
    preferred : Answer or None
        None where there is no difference.
    blind : bool
        Whether the arms were unnamed when it was given.
    """

    turn = models.OneToOneField(Turn, models.CASCADE, related_name="vote")
    preferred = models.ForeignKey(Answer, models.CASCADE, null=True, related_name="+")
    blind = models.BooleanField()
    created = models.DateTimeField(default=timezone.now)
