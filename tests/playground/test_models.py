"""The migrations make the tables that the models describe."""

from __future__ import annotations

import pytest


@pytest.mark.usefixtures("migrated")
def test_no_migration_is_missing() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "playground", check=True, dry_run=True, verbosity=1)
