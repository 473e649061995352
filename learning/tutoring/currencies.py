"""Amounts of money: integers of the smallest unit of a currency (cents), read and written with Babel."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import format_currency, get_currency_name, get_currency_precision
from django.utils.translation import get_language

CURRENCIES = (
    *("EUR", "USD", "GBP", "CHF", "RUB", "UAH", "BYN", "KZT", "GEL", "AMD", "AZN", "UZS", "MDL", "RSD", "PLN", "CZK"),
    *("HUF", "RON", "BGN", "SEK", "NOK", "DKK", "ISK", "TRY", "ILS", "AED", "EGP", "MAD", "TND", "CAD", "MXN", "BRL"),
    *("ARS", "CLP", "COP", "AUD", "NZD", "JPY", "CNY", "KRW", "INR", "IDR", "THB", "VND", "SGD", "HKD", "ZAR", "KWD"),
)


def currency_choices() -> list[tuple[str, str]]:
    return [(code, code) for code in CURRENCIES]


@lru_cache(maxsize=64)
def digits_of(currency: str) -> int:
    """How many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD (Unicode CLDR)."""
    return int(get_currency_precision(currency))


def to_decimal(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-digits_of(currency))


def from_decimal(value: Decimal, currency: str) -> int:
    """Return the amount in the smallest unit; raises ValueError if it has more decimals than the currency."""
    try:
        scaled = value.scaleb(digits_of(currency))
    except InvalidOperation as error:
        raise ValueError("not an amount") from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError("too many decimals")
    return int(scaled)


def money_text(amount: int, currency: str) -> str:
    """“€25.00”, “25,00 €”: in the language of the page."""
    return _money_text(amount, currency, (get_language() or "en").partition("-")[0])


# Babel needs 70 µs for an amount, and a statement says the same prices again and again
@lru_cache(maxsize=4096)
def _money_text(amount: int, currency: str, language: str) -> str:
    return str(format_currency(to_decimal(amount, currency), currency, locale=language))


def currency_name(currency: str) -> str:
    return str(get_currency_name(currency, locale=(get_language() or "en").partition("-")[0]))
