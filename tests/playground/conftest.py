"""The playground inside a test: Django with a database in a file, and its services.

The settings are the project's own. The queue is there, but answers nothing until it is started.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.playground.options import Options
from harness.playground.settings import django_settings


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django set up, and the playground's tables made."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    if not settings.configured:
        options = Options(folder=tmp_path_factory.mktemp("playground"))
        settings.configure(**django_settings(options, "k" * 50))
        django.setup()
    call_command("migrate", verbosity=0)


@pytest.fixture
def database(migrated: None) -> Iterator[None]:
    """An empty database."""
    from django.core.cache import cache

    yield
    from harness.playground.models import Conversation

    Conversation.objects.all().delete()  # what belongs to them goes with them
    cache.clear()  # who asked how often


@pytest.fixture
def provided(database: None) -> Iterator[object]:
    """The services, with arms and test items that need no store and a worker without models."""
    from harness.playground.answering.messages import Setup
    from harness.playground.answering.queue import Queue
    from harness.playground.live import Live
    from harness.playground.services import Services, provide
    from tests.playground.fakes import FakeCatalogue
    from tests.playground.stub import work

    live, catalogue = Live(), FakeCatalogue()
    queue = Queue(work, Setup(None, None), catalogue, live)  # type: ignore[arg-type]
    services = Services(catalogue, live, queue)  # type: ignore[arg-type]
    provide(services)
    yield services
    queue.close()
