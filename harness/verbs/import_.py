"""`harness import`: another tool's configuration as an experiment file."""

from __future__ import annotations

import argparse

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments: the tool, its files, and where the experiment goes."""
    tools = parser.add_subparsers(required=True, metavar="TOOL", dest="tool")
    ludwig = tools.add_parser("ludwig", help="a Ludwig configuration with model_type: llm")
    ludwig.add_argument("config", metavar="CONFIG.yaml")
    sft = tools.add_parser("sft", help="the YAML files of a fine-tuning script with freezing")
    sft.add_argument("config", metavar="TRAINER.yaml")
    sft.add_argument("second", metavar="TEST.yaml", nargs="?", help="the test's settings, if apart")
    for tool in (ludwig, sft):
        tool.add_argument("-o", "--output", metavar="FILE", required=True, help="experiment file")
        tool.add_argument("--data", metavar="FILE", help="training items")
        tool.add_argument("--test", metavar="FILE", help="test items")
        tool.add_argument("--validation", metavar="FILE", help="validation items")
        tool.add_argument("--force", action="store_true", help="replace the file if it exists")


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.importing import Places, import_files

    files = [file for file in (options.config, getattr(options, "second", None)) if file]
    places = Places(options.data, options.test, options.validation)
    print(import_files(options.tool, files, options.output, places, force=options.force))
    return 0
