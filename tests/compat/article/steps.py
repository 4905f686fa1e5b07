"""The T-SQL of the published steps, by name: our own files, or the article's own blocks where it is at hand."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Beside the clone, and not part of it.
PUBLISHED = HERE.parents[3] / "shared/seeds/000-configure-link-with-scripts.md"

# Which of the article's SQL blocks, counted from 0, a step is.
BLOCKS = {
    "backup": 0, "master-key": 1, "certificate": 2, "certificate-check": 3, "public-key": 4,
    "import-instance-certificate": 5, "trust-microsoft-root": 6, "trust-digicert-root": 7, "certificates": 8,
    "endpoint-check": 9, "certificate-name": 10, "endpoint": 11, "endpoint-view": 12, "alter-endpoint": 14,
    "server-name": 16, "availability-group": 17, "distributed-group": 18, "empty-availability-group": 20,
    "grant-create-database": 21, "distributed-group-from-instance": 22, "groups": 23, "replica-states": 24,
    "drop-distributed-group": 25, "drop-group": 26,
}


def ours(name: str) -> str:
    """The step's file in this folder."""
    return (HERE / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def published(name: str) -> str:
    """The article's block, unchanged but for the date that has passed."""
    blocks = re.findall(r"^```sql\n(.*?)^```", PUBLISHED.read_text(encoding="utf-8"), re.S | re.M)
    return blocks[BLOCKS[name]].replace("'03/30/2025'", "'<ExpiryDate>'")


def fill(text: str, words: dict) -> str:
    """Placeholders replaced; one that nobody filled is a mistake of ours."""
    for name, value in words.items():
        text = text.replace(f"<{name}>", value)
    left = re.findall(r"<[A-Za-z_]+>", text)
    assert not left, f"nothing given for {left}"
    return text
