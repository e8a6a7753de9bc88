"""What left because its time had come."""

from datetime import date

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Moment


class Removal(Base):
    """The proof of retention: how many rows one rule removed on one day (UTC). It holds no content and names nobody."""

    __tablename__ = "removals"

    day: Mapped[date] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(Text, primary_key=True)  # of `storage.removals.RULES`
    kept_days: Mapped[int | None]  # as it was in force at the last removal; None: the rule has no one number
    removed: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[Moment]
