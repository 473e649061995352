"""Compile `locale/*/LC_MESSAGES/*.po` with Babel, so that no gettext tools are needed."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parents[2] / "locale"


def main() -> None:
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        with path.open("rb") as source:
            catalog = read_po(source, locale=path.parts[-3])
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalog)


if __name__ == "__main__":
    main()
