"""Texts of the source, for the catalogues: what is said, and sentences that readers and engines make.

Two kinds of text are found by reading the syntax trees of the package:

- **texts**: ``say("...")`` and ``say.count(number, "...", "...")``, marked constants ``N_("...")``, what
  commands and their options say about themselves (docstrings and ``help=``), and what the fields of a
  schema mean;
- **sentences**: what faults, errors, reasons and remarks are made of (`SINKS`, `GATHERED` and, in the
  modules of `SPEAKING`, everything that looks like a sentence), and templates marked ``S_("...")`` of those
  that are put together from pieces. An f-string becomes a template with its gaps named.

The development tool ``python -m depotopt.language.catalogue`` writes both into the catalogues.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Final

from depotopt.language.speech import in_paragraphs

PACKAGE: Final = Path(__file__).parents[1]

SINKS: Final = {
    "Fault": slice(1, 4),
    "InputError": slice(0, 1),
    "UsageError": slice(0, 1),
    "EngineError": slice(1, 2),
    "MissingExtraError": slice(2, 3),
    "VerificationError": slice(0, 1),
    "CountLimit": slice(0, 1),
    "BudgetRule": slice(0, 1),
    "SupportRule": slice(0, 1),
    "CoverageRule": slice(0, 1),
    "EvennessRule": slice(0, 1),
    "sentence": slice(0, 1),
    "tell": slice(0, 1),
}
"""Calls whose arguments at these places are sentences."""
MARKS: Final = ("say", "N_", "S_")
"""Calls whose first argument is a text as it stands."""
KEYWORDS: Final = frozenset(
    {"explanation", "notes", "conflicts", "remarks", "message", "where", "found", "expected", "purpose"}
)
"""Arguments by these names are sentences wherever they are given."""
GATHERED: Final = frozenset({"notes", "remarks", "notices", "excluded", "conflicts"})
"""Lists by these names gather sentences."""
SPEAKING: Final = (
    "errors.py",
    "dispatch/publishing/reasons.py",
    "io/*.py",
    "pipeline/doctor.py",
    "siting/conflicts.py",
    "siting/model/assembly.py",
    "siting/model/rules.py",
    "siting/model/services.py",
    "siting/explanation.py",
    "siting/order.py",
    "siting/reachability.py",
)
"""Modules in which everything that looks like a sentence is one."""
SILENT: Final = ("io/fault_wording.py", "io/scenario_schema.py", "io/fingerprint.py", "io/column*.py")
KEYS: Final = frozenset({"null", "plan", "hazards", "comparison", "header", "closures", "tables"})
"""Words that name a key or a file where they stand for a place."""
SENTENCE: Final = re.compile(
    r"[a-z]{2,}'?[,:;]?\)? [\[(]?[a-z{'0-9<>]|^[a-z]{3,}[:,]? \{|\}:? [a-z]{2,}", re.DOTALL
)
WORD: Final = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the source.

    Attributes
    ----------
    template
        English, gaps as ``{name}``.
    place
        File and line, relative to the package.
    many
        The text for other numbers than one, where there is such.
    is_sentence
        Whether it is found again in what other parts say.
    """

    template: str
    place: tuple[str, int]
    many: str = ""
    is_sentence: bool = False


def texts(package: Path = PACKAGE) -> Iterator[Text]:
    """Every text of the package, file by file."""
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if not name.startswith("language/ext"):
            yield from _Reader(name).read(ast.parse(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str

    def read(self, tree: ast.Module) -> Iterator[Text]:
        sentences: dict[int, ast.expr] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from self._said(node)
                for found in self._sunk(node):
                    sentences[id(found)] = found
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                for found in _gathered(node):
                    sentences[id(found)] = found
        if self.name.startswith("cli/"):
            yield from self._documented(tree)
        if self.name in ("io/table_schemas.py", "io/toml_schemas.py", "io/hazard_blocks.py"):
            yield from self._described(tree)
        if any(fnmatch(self.name, pattern) for pattern in SPEAKING) and not any(
            fnmatch(self.name, pattern) for pattern in SILENT
        ):
            for found in _looks_like_sentences(tree):
                sentences.setdefault(id(found), found)
        inner = {id(part) for node in sentences.values() for part in ast.walk(node) if part is not node}
        for key, node in sentences.items():
            if key in inner and isinstance(node, ast.Constant):
                continue
            yield from self._sentence(node)

    def _said(self, call: ast.Call) -> Iterator[Text]:
        name = _callee(call)
        place = (self.name, call.lineno)
        # Reports look their words up by key, in the JSON they share with the map.
        keyed = self.name.startswith("report/") and name == "say"
        if name in MARKS and not keyed and call.args and (text := _literal(call.args[0])):
            yield Text(text, place, is_sentence=name == "S_")
        elif name == "count" and len(call.args) >= 3:
            one, many = _literal(call.args[1]), _literal(call.args[2])
            if one and many:
                yield Text(one, place, many)
        for keyword in call.keywords:
            if keyword.arg == "help" and self.name.startswith("cli/") and (text := _literal(keyword.value)):
                yield Text(text, place)

    def _sunk(self, call: ast.Call) -> Iterator[ast.expr]:
        name = _callee(call)
        if name in SINKS:
            for argument in call.args[SINKS[name]]:
                yield from _parts(argument)
        if name == "__init__" and self.name == "errors.py":
            for argument in call.args:
                yield from _parts(argument)
        if name in ("append", "extend") and isinstance(call.func, ast.Attribute):
            owner = call.func.value
            if (owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")) in GATHERED:
                for argument in call.args:
                    yield from _parts(argument)
        for keyword in call.keywords:
            if keyword.arg in KEYWORDS:
                yield from _parts(keyword.value)

    def _documented(self, tree: ast.Module) -> Iterator[Text]:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                text = ast.get_docstring(node)
                if text and any("command" in ast.unparse(part) for part in node.decorator_list):
                    yield Text(in_paragraphs(text), (self.name, node.lineno))

    def _described(self, tree: ast.Module) -> Iterator[Text]:
        """What the fields of a schema mean; templates of workbooks say it."""
        for model in ast.walk(tree):
            if not isinstance(model, ast.ClassDef):
                continue
            about = ast.get_docstring(model)
            if about:
                yield Text(about.splitlines()[0], (self.name, model.lineno), is_sentence=True)
            for field, below in pairwise(model.body):
                if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                    text = _literal(below.value)
                    if text:
                        yield Text(in_paragraphs(text), (self.name, below.lineno))

    def _sentence(self, node: ast.expr) -> Iterator[Text]:
        # "expected {phrase}" is a template of its own.
        text = (template_of(node) or "").removeprefix("expected ")
        if _is_spoken(text):
            yield Text(text, (self.name, node.lineno), is_sentence=True)


def template_of(node: ast.expr) -> str | None:
    """Template of a text or f-string, ``None`` for anything else."""
    if isinstance(node, ast.Constant):
        text = node.value
        return text.replace("{", "{{").replace("}", "}}") if isinstance(text, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    parts, used = [], set[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("{", "{{").replace("}", "}}"))
        elif isinstance(part, ast.FormattedValue):
            name = _gap(part.value)
            if name in used:
                name = next(f"{name}{n}" for n in range(2, 99) if f"{name}{n}" not in used)
            used.add(name)
            parts.append(f"{{{name}}}")
    return "".join(parts)


def _gap(value: ast.expr) -> str:
    """Name of a gap: the last name in the expression that tells what it is."""
    if isinstance(value, ast.Name):
        return value.id.lstrip("_")
    if isinstance(value, ast.Attribute):
        return value.attr
    names = [node for node in ast.walk(value) if isinstance(node, ast.Name | ast.Attribute)]
    for node in names:
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        if name not in ("join", "len", "str", "sorted", "int", "float", "type", "map"):
            return name.lstrip("_")
    return "value"


def _is_spoken(template: str) -> bool:
    """Whether a template has words of its own: ``hazards.{name}.after`` and ``null`` are names, not words."""
    fixed = re.sub(r"\{\w*\}", "", template)
    if template in KEYS or not WORD.search(fixed):
        return False
    return " " in template.strip() or not re.search(r"[._\[/{A-Z]", template)


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _callee(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Texts an expression may have as its value: both sides of a choice, members of a list."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        yield node
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _choices(part.value)
    elif isinstance(node, ast.IfExp):
        yield from _parts(node.body)
        yield from _parts(node.orelse)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for element in node.elts:
            yield from _parts(element)
    elif isinstance(node, ast.Starred):
        yield from _parts(node.value)
    elif isinstance(node, ast.GeneratorExp | ast.ListComp):
        yield from _parts(node.elt)
    elif isinstance(node, ast.Call) and _callee(node) in ("tuple", "list", "sorted"):
        for argument in node.args:
            yield from _parts(argument)
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        for side in (node.left, node.right) if isinstance(node, ast.BinOp) else node.values:
            yield from _parts(side)


def _choices(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _parts(node)


def _gathered(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[ast.expr]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    if names & (GATHERED | KEYWORDS | {"text", "reason"}) and node.value is not None:
        yield from _parts(node.value)


def _looks_like_sentences(tree: ast.Module) -> Iterator[ast.expr]:
    quiet: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    quiet.add(id(statement.value))
        if isinstance(node, ast.JoinedStr):
            quiet.update(id(part) for part in node.values)
        if isinstance(node, ast.Call) and _callee(node) in MARKS:
            quiet.update(id(part) for part in node.args)
    for node in ast.walk(tree):
        if id(node) in quiet or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = template_of(node)
        if text is not None and SENTENCE.search(text):
            yield node
