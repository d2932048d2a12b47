"""A playground in a process of its own, and somebody in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.playground.visitors import ARMS, Visitor, arms, visiting
from tests.playground.served import Served, served

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests that leave it as useful as they found it."""
    folder = tmp_path_factory.mktemp("playground")
    with served(folder, *arms(folder, *ARMS)) as one:
        yield one


@pytest.fixture
def visitor(browser: Browser, playground: Served) -> Iterator[Visitor]:
    with visiting(browser, playground.url) as one:
        yield one
