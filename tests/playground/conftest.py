"""Django with a database in a file: several threads may use it, as in the playground."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django set up, and the playground's tables made."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    from harness.playground.options import Options
    from harness.playground.settings import django_settings

    if not settings.configured:
        options = Options(folder=tmp_path_factory.mktemp("playground"))
        settings.configure(**django_settings(options, "k" * 50))
        django.setup()
    call_command("migrate", verbosity=0)


@pytest.fixture
def database(migrated: None) -> Iterator[None]:
    """An empty database."""
    yield
    from harness.playground.models import Conversation

    Conversation.objects.all().delete()  # what belongs to them goes with them
