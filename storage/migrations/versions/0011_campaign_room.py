"""The campaign room: steps, questions, results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

_AT = sa.DateTime(timezone=True)
_TABLES = (
    "campaign_results",
    "campaign_feedback_givers",
    "campaign_feedback",
    "campaign_questions",
    "campaign_tellings",
    "campaign_steps",
)
_COLUMNS = ("lessons_at", "lessons_by", "lessons", "event_id", "closed_at", "live_at", "briefed_at", "round")


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column(
        "advocates", sa.Column("campaign_mails", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    for column in (
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("briefed_at", _AT, nullable=True),
        sa.Column("live_at", _AT, nullable=True),
        sa.Column("closed_at", _AT, nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("lessons", sa.Text(), server_default="", nullable=False),
        sa.Column("lessons_by", sa.Integer(), nullable=True),
        sa.Column("lessons_at", _AT, nullable=True),
    ):
        op.add_column("campaigns", column)
    for column_name, to in (("event_id", "planned_events"), ("lessons_by", "users")):
        name = op.f(f"fk_campaigns_{column_name}")
        op.create_foreign_key(name, "campaigns", to, [column_name], ["id"], ondelete="SET NULL")
    _steps()
    _voices()
    _results()


def _steps() -> None:
    op.create_table(
        "campaign_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("done_at", _AT, nullable=True),
        _to("campaign_steps", "campaign_id", "campaigns", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_steps")),
        sa.UniqueConstraint("campaign_id", "kind", "mark", name=op.f("uq_campaign_steps_campaign_id_kind_mark")),
    )
    op.create_table(
        "campaign_tellings",
        sa.Column("step_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        _to("campaign_tellings", "step_id", "campaign_steps", "CASCADE"),
        _to("campaign_tellings", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("step_id", "user_id", name=op.f("pk_campaign_tellings")),
    )
    op.create_index("ix_campaign_tellings_user_id", "campaign_tellings", ["user_id"])


def _voices() -> None:
    op.create_table(
        "campaign_questions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", _AT, nullable=True),
        sa.Column("to_all", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _to("campaign_questions", "campaign_id", "campaigns", "CASCADE"),
        _to("campaign_questions", "user_id", "users", "SET NULL"),
        _to("campaign_questions", "answered_by", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_questions")),
    )
    op.create_index("ix_campaign_questions_campaign_id", "campaign_questions", ["campaign_id"])
    op.create_table(
        "campaign_feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("themes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("protected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _to("campaign_feedback", "campaign_id", "campaigns", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_feedback")),
    )
    op.create_index("ix_campaign_feedback_campaign_id", "campaign_feedback", ["campaign_id"])
    op.create_table(
        "campaign_feedback_givers",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        _to("campaign_feedback_givers", "campaign_id", "campaigns", "CASCADE"),
        _to("campaign_feedback_givers", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "user_id", name=op.f("pk_campaign_feedback_givers")),
    )


def _results() -> None:
    op.create_table(
        "campaign_results",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        _to("campaign_results", "campaign_id", "campaigns", "CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_results")),
    )


def _to(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def downgrade() -> None:
    """Take them away again."""
    for table in _TABLES:
        op.drop_table(table)
    for column in _COLUMNS:
        op.drop_column("campaigns", column)
    op.drop_column("advocates", "campaign_mails")
