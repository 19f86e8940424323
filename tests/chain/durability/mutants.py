# SPDX-License-Identifier: Apache-2.0
"""Mutants of the servers' config files: each lacks one setting on which a guarantee depends."""

import re

SMALL_QUEUE_BYTES = 262_144  # as much as a batch has at least; the collector refuses less


def queues_in_memory(config: str) -> str:
    """Let the collector keep what waits for a backend in memory."""
    return _replaced(config, r"(sending_queue:\n(?:\s+#.*\n)*)\s+storage: .*\n", r"\1")


def giving_up_after_two_seconds(config: str) -> str:
    """Let the collector drop what a backend did not take at once; its own default is five minutes."""
    limited = _replaced(config, r"max_elapsed_time: 0\n(\s+initial_interval)", r"max_elapsed_time: 2s\n\1")
    return _replaced(limited, r"max_interval: 5s", "max_interval: 1s")


def small_queue_for_lines(config: str) -> str:
    """Let the collector's queue for Loki be full after a few seconds; reading waits then, as it does with the large."""
    return _replaced(config, r"queue_size: 536_870_912", f"queue_size: {SMALL_QUEUE_BYTES}")


def reading_from_the_end(config: str) -> str:
    """Let the collector forget how far it has read, and begin where the files end."""
    return _replaced(config, r"( +start_at: )beginning(.*\n) +storage: .*\n", r"\1end\2")


def without_backups(config: str) -> str:
    """Let the collector read the file that is written, and none that was set aside."""
    return _replaced(config, r'/\*\.gz"\]', '/*.gz", "${env:LOG_DIR}/api-*.[1-9].jsonl"]')


def without_old_files_of_nginx(config: str) -> str:
    """Let the collector read the file that Nginx writes, and none that was renamed."""
    return _replaced(config, r"nginx-access\.jsonl\*", "nginx-access.jsonl")


def retrying_at_once(config: str) -> str:
    """Let the collector repeat a refused batch without waiting."""
    waiting_less = _replaced(config, r"initial_interval: 1s", "initial_interval: 10ms")
    return _replaced(waiting_less, r"max_interval: 5s", "max_interval: 10ms")


def lines_as_long_as_a_batch(config: str) -> str:
    """Let the collector take lines up to its own default, which is as much as a batch may have."""
    return _replaced(config, r"max_log_size: 64KiB\n(\s+)max_log_size_behavior: truncate", r"max_log_size: 1MiB")


def attributes_of_any_length(config: str) -> str:
    """Let the collector pass on attributes as they are in the line."""
    return _replaced(config, r" +- truncate_all\(log.attributes, 1024\)\n", "")


def waiting_half_a_second_for_the_end_of_a_line(config: str) -> str:
    """Let the collector take what is there of a line after its own default time."""
    return _replaced(config, r"force_flush_period: 0s", "force_flush_period: 500ms")


def loki_without_wal(config: str) -> str:
    """Let Loki acknowledge lines that it has in memory alone."""
    return _replaced(config, r"(wal:.*\n\s+enabled: )true", r"\1false")


def tempo_with_the_default_slack(config: str) -> str:
    """Let Tempo file what comes late under the time of its arrival."""
    return _replaced(config, r"ingestion_time_range_slack: 30m\n", "ingestion_time_range_slack: 2m\n")


def _replaced(config: str, pattern: str, by: str) -> str:
    mutant, replaced = re.subn(pattern, by, config)
    assert replaced
    return mutant
