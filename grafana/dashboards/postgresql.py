# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: whether the database is the cause."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import units

from grafana.dashboards.frame import framed
from grafana.dashboards.queries import rate
from grafana.dashboards.rows import Row, with_rows
from grafana.dashboards.servers import plot

UID = "loan-postgresql"
# The loans' database; the exporter reports template databases, too.
LOANS = 'datname="loans"'


def postgresql() -> Dashboard:
    """Build the dashboard."""
    dashboard = framed("PostgreSQL", UID, "Is the database the cause?", "postgresql", "now-30m")
    return with_rows(dashboard, [Row(100, "Load", [*_transactions(), *_contention()]), _tables()])


def _transactions() -> list[timeseries.Panel]:
    return [
        plot(
            101,
            "Connections",
            "How near is the number of connections to what PostgreSQL allows?",
            units.Short,
            ("sum by (state) (pg_stat_activity_count)", "{{state}}"),
            ("max(pg_settings_max_connections)", "allowed"),
        ),
        plot(
            102,
            "Transactions",
            "How many transactions are committed, and how many rolled back?",
            units.OpsPerSecond,
            (rate("pg_stat_database_xact_commit", LOANS), "committed"),
            (rate("pg_stat_database_xact_rollback", LOANS), "rolled back"),
        ),
        plot(
            103,
            "Longest transaction",
            "How long has the oldest open transaction been running? It holds locks and blocks vacuum.",
            units.Seconds,
            (f"max(pg_stat_activity_max_tx_duration{{{LOANS}}})", "oldest"),
        ),
    ]


def _contention() -> list[timeseries.Panel]:
    read, hit = (rate(f"pg_stat_database_blks_{way}", LOANS) for way in ("read", "hit"))
    return [
        plot(
            104,
            "Locks",
            "Which kinds of locks are held? Many exclusive ones mean that writers wait for each other.",
            units.Short,
            (f"sum by (mode) (pg_locks_count{{{LOANS}}}) > 0", "{{mode}}"),
        ),
        plot(
            105,
            "Deadlocks",
            "How often does PostgreSQL end a transaction because of a deadlock? A flat 0 is healthy.",
            units.OpsPerSecond,
            (rate("pg_stat_database_deadlocks", LOANS), "deadlocks"),
        ),
        plot(
            106,
            "Blocks found in memory",
            "What share of the blocks is found in PostgreSQL's own memory? A fall means that the data no longer fits.",
            units.PercentUnit,
            (f"{hit} / ({hit} + {read} > 0)", "in memory"),
        ),
    ]


def _tables() -> Row:
    panels = [
        plot(
            201,
            "Size of the tables",
            "Which tables take most room, their indexes not counted?",
            units.BytesIEC,
            (f"topk(10, max by (relname) (pg_stat_user_tables_table_size_bytes{{{LOANS}}}))", "{{relname}}"),
        ),
        plot(
            202,
            "Dead rows",
            "Which tables have most dead rows? Lines that only rise mean that autovacuum does not keep up.",
            units.Short,
            (f"topk(10, max by (relname) (pg_stat_user_tables_n_dead_tup{{{LOANS}}}))", "{{relname}}"),
        ),
    ]
    return Row(200, "Tables", panels)
