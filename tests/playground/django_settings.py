"""The playground's settings as a module, which mypy's plugin and Django's own commands need.

DJANGO_SETTINGS_MODULE=tests.playground.django_settings python -m django makemigrations playground
"""

from harness.playground.options import Options
from harness.playground.settings import django_settings

globals().update(django_settings(Options(), "k" * 50))
