"""What clicks would have cost elsewhere: off by default, by the company's own price, clicks only.

Advertising equivalents are not the value of communication (Barcelona Principles 3.0 and 4.0, principle 5); whoever
needs the figure gets it with its formula beside it. Reactions and potential impressions never have a price here.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_PRICE = re.compile(r"(\d{1,6}(?:\.\d{1,4})?) ([A-Z]{3})")


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a click in a currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Money:
    """`clicks` (filtered) × price; `formula` goes beside the amount wherever it is shown."""

    amount: Decimal
    currency: str
    formula: str


def parse_price(text: str) -> Price | None:
    """`0.80 EUR` → a price; None for an empty text. Raises ValueError for anything else."""
    if not text.strip():
        return None
    found = _PRICE.fullmatch(text.strip())
    if found is None or not Decimal(found[1]):
        raise ValueError("CLICK_VALUE: write a price above 0 and a currency, such as 0.80 EUR")
    return Price(Decimal(found[1]), found[2])


def click_value(clicks: int, price: Price) -> Money:
    """The money value of filtered clicks."""
    amount = (clicks * price.amount).quantize(Decimal("0.01"))
    formula = f"{clicks:,} counted clicks × {price.amount} {price.currency}, the price that your company entered"
    return Money(amount, price.currency, formula)
