# SPDX-License-Identifier: Apache-2.0
"""How loans are kept: PostgreSQL through Flask-SQLAlchemy; implements the ports of the services."""
