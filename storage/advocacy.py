"""Advocacy from one place: people and shares, links and clicks, figures are modules of their own."""

from storage.advocates import STANDINGS, VISIBILITIES, AdvocateRow, Choices, advocate_of, choose, join
from storage.clicks import add_click
from storage.leaving import Receipt, leave
from storage.links import ClickDay, LinkRow, clicks, close_link, link_for, list_links, make_link
from storage.programme import Programme, Reach, factors, programme, reach, record_day
from storage.shares import (
    ORIGINS,
    Reading,
    ShareRow,
    add_reading,
    add_share,
    delete_share,
    shares,
    update_share,
)

__all__ = [
    "ORIGINS",
    "STANDINGS",
    "VISIBILITIES",
    "AdvocateRow",
    "Choices",
    "ClickDay",
    "LinkRow",
    "Programme",
    "Reach",
    "Reading",
    "Receipt",
    "ShareRow",
    "add_click",
    "add_reading",
    "add_share",
    "advocate_of",
    "choose",
    "clicks",
    "close_link",
    "delete_share",
    "factors",
    "join",
    "leave",
    "link_for",
    "list_links",
    "make_link",
    "programme",
    "reach",
    "record_day",
    "shares",
    "update_share",
]
