"""The tables. One clip's vectors of one modality are one blob, (segments, dim) float32: a library is read whole and
written clip by clip, so a row per segment would only add rows."""

import sqlalchemy as sa

metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

clips = sa.Table(
    "clips",
    metadata,
    sa.Column("clip_id", sa.String(16), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("file_name", sa.String, nullable=False),
    sa.Column("description", sa.String, nullable=False, default=""),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("category", sa.String, nullable=False, default=""),
    sa.Column("subject", sa.String, nullable=False, default=""),
    sa.Column("language", sa.String),
    sa.Column("language_probability", sa.Float),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("preset", sa.String, nullable=False),
    sa.Column("demo", sa.Boolean, nullable=False, default=False),
    sa.Column("added_at", sa.DateTime, nullable=False),
    sa.Column("info", sa.JSON, nullable=False),
    sa.Column("modalities", sa.JSON, nullable=False),
    sa.Column("document", sa.String, nullable=False),
    sa.Column("models", sa.JSON, nullable=False),
    sa.Column("stage_seconds", sa.JSON, nullable=False),
    sa.Column("source", sa.String, nullable=False),
)

segments = sa.Table(
    "segments",
    metadata,
    sa.Column("clip_id", sa.ForeignKey("clips.clip_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("start", sa.Float, nullable=False),
    sa.Column("end", sa.Float, nullable=False),
)

annotations = sa.Table(
    "annotations",
    metadata,
    sa.Column("annotation_id", sa.Integer, primary_key=True),
    sa.Column("clip_id", sa.ForeignKey("clips.clip_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("start", sa.Float, nullable=False),
    sa.Column("end", sa.Float, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
)

vectors = sa.Table(
    "vectors",
    metadata,
    sa.Column("clip_id", sa.ForeignKey("clips.clip_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("modality", sa.String, primary_key=True),
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("dim", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("checksum", sa.String),  # of `data`; none for rows of an older store
)

people = sa.Table(
    "people",
    metadata,
    sa.Column("user_id", sa.String, primary_key=True),
    sa.Column("simulated", sa.Boolean, nullable=False, default=False),
    sa.Column("taste", sa.String, nullable=False, default=""),
    sa.Column("settings", sa.JSON, nullable=False, default=dict, server_default="{}"),
)

# What a person says of themself, embedded like a clip's text.
profile_vectors = sa.Table(
    "profile_vectors",
    metadata,
    sa.Column("user_id", sa.ForeignKey("people.user_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("modality", sa.String, primary_key=True),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

interactions = sa.Table(
    "interactions",
    metadata,
    sa.Column("interaction_id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("people.user_id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("clip_id", sa.String(16), nullable=False, index=True),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("value", sa.Float),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False, default=False),
    sa.Column("text", sa.String, nullable=False, default="", server_default=""),
    sa.UniqueConstraint("user_id", "clip_id", "event", "at", name="one_event_at_a_time"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("job_id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("file_name", sa.String, nullable=False),
    sa.Column("fields", sa.JSON, nullable=False),
    sa.Column("preset", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("stage", sa.String, nullable=False, default=""),
    sa.Column("stages_done", sa.JSON, nullable=False),
    sa.Column("progress", sa.Float, nullable=False, default=0.0),
    sa.Column("outcome", sa.String, nullable=False, default=""),
    sa.Column("reason", sa.String, nullable=False, default=""),
    sa.Column("found", sa.String, nullable=False, default=""),
    sa.Column("duration", sa.Float),
    sa.Column("stage_seconds", sa.JSON, nullable=False),
    sa.Column("stage_times", sa.JSON, nullable=False, default=dict, server_default="{}"),  # stage -> [start, end]
    sa.Column("deaths", sa.Integer, nullable=False, default=0, server_default="0"),  # since a stage was last finished
    sa.Column("priority", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
)

watched_folders = sa.Table(
    "watched_folders",
    metadata,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("preset", sa.String, nullable=False),
    sa.Column("added_at", sa.DateTime, nullable=False),
    sa.Column("looked_at", sa.DateTime),
    sa.Column("note", sa.String, nullable=False, default=""),
)

# Files of server folders whose bytes were hashed: an unchanged one is known without reading it again.
known_files = sa.Table(
    "known_files",
    metadata,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("taken", sa.Boolean, nullable=False, default=False),  # queued once; a watched folder brings it no more
)
