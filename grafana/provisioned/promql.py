# SPDX-License-Identifier: Apache-2.0
"""Which metrics a PromQL expression reads; enough of the grammar for that, and no more."""

import re

STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
MATCHERS_AND_RANGES = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
LABEL_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
NAMES = re.compile(r"(?<![\w:.$])[A-Za-z_:][\w:]*(?!\s*\()(?![\w:])")
WORDS = frozenset({"and", "or", "unless", "atan2", "offset", "bool", "inf", "nan", "group_left", "group_right"})


def metric_names(expression: str) -> set[str]:
    """Name the metrics that an expression reads; label_values(metric, label) is understood too."""
    text = STRINGS.sub("", expression)
    text = MATCHERS_AND_RANGES.sub("", text)
    text = LABEL_LISTS.sub("", text)
    text = re.sub(r"(?<=label_values\()(.*),\s*\w+\s*(?=\))", r"\1", text)
    return {name for name in NAMES.findall(text) if name.lower() not in WORDS}
