"""The money value: one's own price, clicks only, with its formula."""

from decimal import Decimal

import pytest

from metrics.money import click_value, parse_price


def test_clicks_times_the_own_price_with_the_formula_beside_it() -> None:
    price = parse_price(" 0.80 EUR ")
    assert price is not None
    found = click_value(1_234, price)
    assert (found.amount, found.currency) == (Decimal("987.20"), "EUR")
    assert found.formula.startswith("1,234 counted clicks × 0.80 EUR")
    assert parse_price("  ") is None


@pytest.mark.parametrize("text", ["1", "EUR 1", "0 EUR", "-1 EUR", "1,5 EUR", "1.5 euro", "9999999 EUR", "NaN EUR"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CLICK_VALUE"):
        parse_price(text)
