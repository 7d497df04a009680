"""Development tool: bring the catalogues up to the source, and compile them.

``python -m depotopt.language.catalogue`` extracts every text and sentence, adds the new ones to the
catalogues (without translation), drops the gone ones, compiles what programs read, and lists what is left to
translate; with ``--check`` nothing is written and the exit code tells whether anything would change or is
missing. Needs Babel.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from depotopt.language.extraction import Text, texts
from depotopt.language.sentences import FILE as SENTENCES
from depotopt.language.speech import DOMAIN, FOLDER, LANGUAGES

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

Key = str | tuple[str, str]


def template_catalogue(found: Iterable[Text]) -> Catalog:
    """Catalogue without translations: every text once, with the files it stands in."""
    from babel.messages.catalog import Catalog

    catalogue = Catalog(project="depotopt", charset="utf-8", fuzzy=False)
    for text in found:
        key: Key = (text.template, text.many) if text.many else text.template
        # Lines move with every edit: only files are kept.
        catalogue.add(key, locations=[(text.place[0], 0)], flags=("python-brace-format",))
    return catalogue


def read_catalogue(language: str) -> Catalog:
    """Catalogue of a language as it is."""
    from babel.messages.pofile import read_po

    with _path(language, "po").open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def brought_up(language: str, found: Iterable[Text]) -> Catalog:
    """Catalogue of a language for the texts found: old translations kept, gone texts dropped."""
    from babel.messages.catalog import Catalog

    fresh = Catalog(
        locale=language, project="depotopt", charset="utf-8", fuzzy=False,
        header_comment="# Chinese texts of depotopt. Terms follow GB/T 38565.",
    )  # fmt: skip
    old = read_catalogue(language) if _path(language, "po").exists() else fresh
    for message in template_catalogue(found):
        if message.id:
            before = old.get(message.id)
            kept = before.string if before is not None else None
            fresh.add(
                message.id, kept, locations=sorted(set(message.locations)), flags=("python-brace-format",)
            )
    return fresh


def written(catalogue: Catalog) -> bytes:
    """Text of a catalogue: sorted, without dates, so that equal texts give equal files."""
    from babel.messages.pofile import write_po

    buffer = io.BytesIO()
    catalogue.mime_headers = [
        ("Language", str(catalogue.locale)),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
        ("Plural-Forms", catalogue.plural_forms),
    ]
    write_po(buffer, catalogue, width=100, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """What programs read at run time."""
    from babel.messages.mofile import write_mo

    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def sentence_list(found: Iterable[Text]) -> bytes:
    """Templates of sentences, sorted."""
    templates = sorted({text.template for text in found if text.is_sentence})
    return (json.dumps(templates, ensure_ascii=False, indent=0) + "\n").encode()


def untranslated(catalogue: Catalog) -> list[str]:
    """Texts without a translation."""
    missing = []
    for message in catalogue:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and not all(strings):
            missing.append(str(message.id if isinstance(message.id, str) else message.id[0]))
    return missing


def files() -> tuple[dict[Path, bytes], list[str]]:
    """Every file as it should be, and the texts that lack a translation."""
    found = list(texts())
    wanted, missing = {SENTENCES: sentence_list(found)}, []
    for language in LANGUAGES[1:]:
        catalogue = brought_up(language, found)
        wanted[_path(language, "po")] = written(catalogue)
        wanted[_path(language, "mo")] = compiled(catalogue)
        missing += untranslated(catalogue)
    return wanted, missing


def _path(language: str, suffix: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.{suffix}"


def main(words: list[str]) -> int:
    """Bring the files up to the source, or check that they are."""
    wanted, missing = files()
    stale = [path for path, data in wanted.items() if not path.exists() or path.read_bytes() != data]
    for path in stale:
        print(("out of date: " if "--check" in words else "written: ") + path.name)
        if "--check" not in words:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[path])
    for text in missing:
        print(f"to translate: {text!r}")
    return int(bool(missing) or ("--check" in words and bool(stale)))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
