"""The first tables: conversations, turns, answers, votes."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """As `models` was at first."""

    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=200)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("arms", models.JSONField()),
                ("blind", models.BooleanField(default=False)),
                ("decoding", models.JSONField(default=dict)),
                ("searchable", models.TextField(default="")),
            ],
            options={
                "ordering": ("-changed", "-id"),
            },
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("question", models.TextField(blank=True)),
                ("context", models.TextField(blank=True)),
                ("fields", models.JSONField(default=dict)),
                ("item_id", models.TextField(blank=True)),
                ("references", models.JSONField(default=list)),
                ("revealed", models.BooleanField(default=False)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turns",
                        to="playground.conversation",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveSmallIntegerField()),
                ("owner", models.CharField(blank=True, max_length=16)),
                ("arm_key", models.CharField(max_length=64)),
                ("arm_name", models.TextField()),
                ("run_id", models.CharField(blank=True, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("answering", "Answering"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("interrupted", "Interrupted"),
                            ("failed", "Failed"),
                        ],
                        db_index=True,
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("new_tokens", models.PositiveIntegerField(null=True)),
                ("seconds", models.FloatField(null=True)),
                ("settings", models.JSONField(default=dict)),
                ("notes", models.JSONField(default=list)),
                ("error", models.TextField(blank=True)),
                (
                    "turn",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="playground.turn",
                    ),
                ),
            ],
            options={
                "ordering": ("turn_id", "place"),
            },
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("blind", models.BooleanField()),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "preferred",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="playground.answer",
                    ),
                ),
                (
                    "turn",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="vote",
                        to="playground.turn",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.UniqueConstraint(
                fields=("turn", "place"), name="one_answer_per_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.UniqueConstraint(
                fields=("turn", "arm_key"), name="one_answer_per_arm"
            ),
        ),
    )
