"""Driver-neutral values: what the shared table of types says, and what a Python driver hands out."""

import datetime
import decimal
import json
import re
import uuid
from pathlib import Path

CASES = Path(__file__).resolve().parents[2] / "cases"
TYPES = json.loads((CASES / "types.json").read_text(encoding="utf-8"))
ERRORS = json.loads((CASES / "errors.json").read_text(encoding="utf-8"))


def fraction(text: str, digits: int) -> str:
    """`text` with at most `digits` digits of a second's fraction, trailing zeros gone."""
    def cut(match: re.Match) -> str:
        kept = match.group(1)[:digits].rstrip("0")
        return f".{kept}" if kept else ""

    return re.sub(r"\.(\d+)", cut, text)


def neutral(kind: str, value) -> str:
    """The driver's value as text of that kind; the Python type must be the fitting one."""
    if kind == "bool":
        assert isinstance(value, (bool, int)), type(value)
        return "true" if value else "false"
    if kind == "int":
        assert isinstance(value, int), type(value)
        return str(value)
    if kind == "float":
        assert isinstance(value, float), type(value)
        return repr(value)
    if kind == "decimal":
        assert isinstance(value, decimal.Decimal), type(value)
        return format(value, "f")
    if kind == "guid":
        return str(value).strip("{}").upper()
    if kind == "binary":
        return "0x" + bytes(value).hex().upper()
    if kind in ("date", "time"):
        assert type(value).__name__ == kind, type(value)
        return value.isoformat()
    if kind == "datetime":
        assert isinstance(value, datetime.datetime), type(value)
        return value.replace(tzinfo=None).isoformat()
    if kind == "datetimeoffset":
        assert isinstance(value, datetime.datetime) and value.tzinfo, value
        return value.isoformat()
    assert isinstance(value, str), type(value)
    return value


def same(kind: str, actual: str, expected: str, digits: int) -> bool:
    """Equal as values of that kind, as precisely as the driver can say."""
    if kind == "float":
        return float(actual) == float(expected)
    if kind in ("datetime", "time", "datetimeoffset"):
        return fraction(actual, digits) == fraction(expected, digits)
    return actual == expected


def native(kind: str, text: str):
    """The value a Python program would bind."""
    if kind == "bool":
        return text == "true"
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "decimal":
        return decimal.Decimal(text)
    if kind == "guid":
        return uuid.UUID(text)
    if kind == "binary":
        return bytes.fromhex(text[2:])
    if kind == "date":
        return datetime.date.fromisoformat(text)
    if kind == "time":
        return datetime.time.fromisoformat(fraction_6(text))
    if kind in ("datetime", "datetimeoffset"):
        return datetime.datetime.fromisoformat(fraction_6(text))
    return text


def fraction_6(text: str) -> str:
    """Exactly six digits of a fraction, if any: what `fromisoformat` of every Python reads."""
    return re.sub(r"\.(\d+)", lambda m: "." + m.group(1)[:6].ljust(6, "0"), text)
