"""Ingest: when stages ran, how often a job's worker died, checksums of vectors, watched folders, known files.

A new database has all of this already (see 0002).
"""

import sqlalchemy as sa
from alembic import op

from avrec.store.tables import known_files, watched_folders

revision = "0003"
down_revision = "0002"
NEW = (
    ("jobs", sa.Column("stage_times", sa.JSON, nullable=False, server_default="{}")),
    ("jobs", sa.Column("deaths", sa.Integer, nullable=False, server_default="0")),
    ("vectors", sa.Column("checksum", sa.String)),
)


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    tables = set(found.get_table_names())
    for table, column in NEW:
        if table in tables and column.name not in {existing["name"] for existing in found.get_columns(table)}:
            op.add_column(table, column)
    for table in (watched_folders, known_files):
        table.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    for table in (known_files, watched_folders):
        table.drop(op.get_bind(), checkfirst=True)
    for table, column in NEW:
        op.drop_column(table, column.name)
