"""Help pages in the language spoken: usage, what a command does, its options in two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from depotopt.cli.language import N_, say
from depotopt.language.speech import in_paragraphs

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

PARSER_TEXTS = (
    N_("Display this message and exit."),
    N_("Display application version."),
    N_("Commands"),
    N_("Parameters"),
    N_("Arguments"),
)
"""What the parser of the command line itself contributes to the pages."""

NAMES_WIDTH = 34


class HelpPage:
    """Formatter of `cyclopts` help; descriptions are keys of the catalogues."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one list: commands, or options."""
        from rich.table import Table

        if not panel.entries:
            return
        console.print(say("{title}:", title=say(_plain(panel.title))), markup=False, highlight=False)
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(max_width=NAMES_WIDTH, no_wrap=False)
        table.add_column(ratio=1)
        for entry in panel.entries:
            names = entry.display_labels_with_metavar
            table.add_row(_literal("  " + " ".join(names)), _literal(description(entry)))
        console.print(table)
        console.print()

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print the usage line."""
        line = _plain(usage).strip().removeprefix("Usage:").strip()
        for word, spoken in (("[OPTIONS]", say("[OPTIONS]")), ("COMMAND", say("COMMAND"))):
            line = line.replace(word, spoken)
        if line:
            console.print(say("Usage: {line}", line=line), markup=False, highlight=False)
            console.print()

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """Print what the command does."""
        text = in_paragraphs(_plain(description))
        if text:
            console.print(say(text), markup=False, highlight=False)
            console.print()


def description(entry: HelpEntry) -> str:
    """What an option means, what it takes and what it is without being given."""
    text = in_paragraphs(_plain(entry.description))
    parts = [say(text)] if text else []
    if entry.choices:
        parts.append(say("[choices: {choices}]", choices=", ".join(entry.choices)))
    if entry.default not in (None, "False"):
        parts.append(say("[default: {value}]", value=entry.default))
    if entry.required:
        parts.append(say("[required]"))
    return " ".join(parts)


def _plain(text: Any) -> str:
    """Words of what the parser hands over: a text, rich text, or a wrapper around one."""
    inner = getattr(text, "primary_renderable", text)
    return str(getattr(inner, "plain", "" if inner is None else inner))


def _literal(text: str) -> Any:
    from rich.text import Text

    return Text(text)
