"""Signing in: the auditor, identities of a provider, second factors, sessions, the chained audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_ROLES = ("marketing", "hr", "advocate", "leadership", "administrator")

# Every entry gets a link in `audit_chain` when its transaction commits: the lock is then held for the commit alone, and
# nothing is waited for behind it. A link's hash covers the entry, its place and the hash before it. Fields are written
# with their length in bytes before them, so that none can pass for its neighbour; `storage.audit_chain` does the same.
_CHAIN = """
CREATE FUNCTION audit_field(value text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT convert_to(octet_length(convert_to(value, 'UTF8')) || ':' || value, 'UTF8')
$$;
CREATE FUNCTION audit_digest(before bytea, seq bigint, entry audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(before || audit_field(seq::text) || audit_field(entry.id::text)
        || audit_field(to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || audit_field(coalesce(entry.user_id::text, '')) || audit_field(entry.action) || audit_field(entry.subject))
$$;
CREATE FUNCTION audit_link(entry audit_log) RETURNS void LANGUAGE plpgsql AS $$
DECLARE last audit_chain;
BEGIN
    PERFORM pg_advisory_xact_lock(91225219);
    SELECT * INTO last FROM audit_chain ORDER BY seq DESC LIMIT 1;
    INSERT INTO audit_chain (seq, entry_id, hash) VALUES (coalesce(last.seq, 0) + 1, entry.id,
        audit_digest(coalesce(last.hash, '\\x'::bytea), coalesce(last.seq, 0) + 1, entry));
END $$;
CREATE FUNCTION audit_link_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM audit_link(NEW);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_log_chained AFTER INSERT ON audit_log
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_link_new();
SELECT audit_link(entry) FROM (SELECT * FROM audit_log ORDER BY id) entry;
INSERT INTO audit_log (at, action, subject)
    SELECT now(), 'audit.begin', 'entries up to ' || max(id) || ' were chained later, by the migration'
    FROM audit_log HAVING max(id) IS NOT NULL;
"""
# Contents may expire after a year at the earliest (the setting AUDIT_DAYS says when); links never.
_APPEND_ONLY = """
CREATE FUNCTION refuse_young() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at < now() - interval '365 days' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'entries of % are never changed or deleted', TG_TABLE_NAME;
END $$;
DROP TRIGGER audit_log_append_only ON audit_log;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_young();
CREATE TRIGGER audit_log_whole BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_whole BEFORE TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
_BACK = """
DROP TRIGGER audit_log_chained ON audit_log;
DROP TRIGGER audit_log_whole ON audit_log;
DROP TRIGGER audit_log_kept ON audit_log;
DROP TRIGGER audit_log_append_only ON audit_log;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP FUNCTION audit_link_new();
DROP FUNCTION audit_link(audit_log);
DROP FUNCTION audit_digest(bytea, bigint, audit_log);
DROP FUNCTION audit_field(text);
DROP FUNCTION refuse_young();
"""


def upgrade() -> None:
    """Make the tables."""
    op.drop_constraint(op.f("ck_users_role"), "users", type_="check")
    op.create_check_constraint(op.f("ck_users_role"), "users", f"role IN {(*_ROLES, 'auditor')!r}")
    op.alter_column("users", "password_hash", nullable=True)
    op.add_column("users", sa.Column("totp_sealed", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("totp_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    _sessions()
    _identities()
    _recovery_codes()
    _sign_in_tries()
    op.create_table(
        "audit_chain",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_chain")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_chain_entry_id")),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at", "id"])
    op.execute(_CHAIN)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(_APPEND_ONLY)


def downgrade() -> None:
    """Remove them; auditors become leadership, and accounts without a password get one that nobody knows."""
    op.execute(_BACK)
    op.drop_index("ix_audit_log_at", "audit_log")
    for table in ("audit_chain", "sign_in_tries", "recovery_codes", "identities"):
        op.drop_table(table)
    for column in ("last_seen_at", "device", "method"):
        op.drop_column("sessions", column)
    for column in ("totp_sealed", "totp_since", "totp_step"):
        op.drop_column("users", column)
    op.execute("UPDATE users SET password_hash = '' WHERE password_hash IS NULL")
    op.alter_column("users", "password_hash", nullable=False)
    op.execute("UPDATE users SET role = 'leadership' WHERE role = 'auditor'")
    op.drop_constraint(op.f("ck_users_role"), "users", type_="check")
    op.create_check_constraint(op.f("ck_users_role"), "users", f"role IN {_ROLES!r}")


def _sessions() -> None:
    op.add_column("sessions", sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE sessions SET last_seen_at = created_at")
    op.alter_column("sessions", "last_seen_at", nullable=False)
    op.add_column("sessions", sa.Column("device", sa.Text(), server_default="", nullable=False))
    op.add_column("sessions", sa.Column("method", sa.Text(), server_default="password", nullable=False))


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_identities_user_id_users"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("user_id", name=op.f("uq_identities_user_id")),
    )


def _recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id_users"), ondelete="CASCADE"
        ),
    )


def _sign_in_tries() -> None:
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_tries")),
    )
