"""People: what they said and searched for, their settings, the vectors of their profile texts.

The first migration makes the tables as they are declared today, so a new database has all of this already.
"""

import sqlalchemy as sa
from alembic import op

from avrec.store.tables import profile_vectors

revision = "0002"
down_revision = "0001"
NEW = (
    ("interactions", sa.Column("text", sa.String, nullable=False, server_default="")),
    ("people", sa.Column("settings", sa.JSON, nullable=False, server_default="{}")),
)


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    for table, column in NEW:
        if column.name not in {existing["name"] for existing in found.get_columns(table)}:
            op.add_column(table, column)
    profile_vectors.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    profile_vectors.drop(op.get_bind(), checkfirst=True)
    for table, column in NEW:
        op.drop_column(table, column.name)
