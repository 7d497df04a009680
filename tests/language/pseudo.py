"""A made-up language that marks every text said through a catalogue: what is left unmarked was not."""

from __future__ import annotations

import gettext
import re

from depotopt.language.sentences import GAP
from depotopt.language.speech import Speech

OPEN, CLOSE = "\u27e6", "\u27e7"
LETTERS = re.compile(r"[^\W\d_](?:[\w'-]*\w)?")


def marked(template: str) -> str:
    """A template with marks around its fixed text; what fills its gaps stays outside of them."""
    pieces = GAP.split(template)
    return "".join(
        f"{OPEN}{piece}{CLOSE}" if LETTERS.search(piece) and not GAP.fullmatch(piece) else piece
        for piece in pieces
    )


class PseudoCatalogue(gettext.NullTranslations):
    """Marks everything."""

    def gettext(self, message: str) -> str:
        return marked(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return marked(msgid1 if n == 1 else msgid2)


PSEUDO = Speech("pseudo", PseudoCatalogue())


def unmarked(text: str) -> set[str]:
    """Words with letters outside the marks."""
    return set(LETTERS.findall(re.sub(f"{OPEN}[^{CLOSE}]*{CLOSE}", " ", text)))
