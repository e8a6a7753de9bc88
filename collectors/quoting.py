"""What a message may repeat of a value that could not be read."""

_LONGEST, _MOST_DIGITS = 40, 10


def quoted(text: str) -> str:
    """A figure or date as it was sent; what holds words or a long number may be a person, and is not repeated."""
    digits = sum(letter.isdigit() for letter in text)
    if len(text) <= _LONGEST and digits <= _MOST_DIGITS and not any(letter.isalpha() for letter in text):
        return repr(text)
    return "what stands there"


__all__ = ["quoted"]
