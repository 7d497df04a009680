"""Why depots are open and what rules cost, in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from depotopt.cli.language import say
from depotopt.cli.words import word
from depotopt.solving import Status

if TYPE_CHECKING:
    from depotopt.pipeline.explain import Explanation
    from depotopt.siting.explanation import Change

SHOWN_SHARE = 1e-6
"""Parts of the objective that change by less than this share of it are not named."""


def tell_explanation(explanation: Explanation, *, as_json: bool) -> None:
    """Print what each depot and each rule is worth."""
    if as_json:
        print(json.dumps(explanation.document(), ensure_ascii=False, indent=1))
        return
    scenario = explanation.case.scenario
    scale, currency = abs(explanation.siting.objective or 1.0), scenario.rules.currency
    print(say("what a layout without this depot costs more, per year:"))
    for ident, change in explanation.sites.items():
        name = scenario.sites[scenario.site_index[ident]].name
        print(f"  {ident} {name}: {change_text(change, scale, currency)}")
    if explanation.rules:
        print(say("what relaxing a rule changes, per year:"))
    for rule, change in explanation.rules.items():
        print(
            f"  {say.sentence(rule)} ({say.sentence(change.subject)}): {change_text(change, scale, currency)}"
        )
    if explanation.balance:
        print(say("what serving costs with the stock where it lies, over where it would lie best:"))
    for commodity, one in explanation.balance.items():
        name = scenario.commodities[scenario.commodity_index[commodity]].name
        most = one.value / one.bound if one.bound > 0 else one.ratio
        print(
            say("  {name}: {ratio} (at most {most})", name=name, ratio=f"{one.ratio:.3f}", most=f"{most:.3f}")
        )
    if not explanation.complete:
        print(say("stopped: the rest was not looked at"))


def change_text(change: Change, scale: float, currency: str) -> str:
    """A change in a sentence: interval, what it consists of, which sites move."""
    if change.status is Status.INFEASIBLE:
        return say("the rules need it: {rules}", rules="; ".join(map(say.sentence, change.conflicts)))
    if change.least is None or change.most is None:
        return say("no answer within the time")
    if max(abs(change.most), abs(change.least)) <= SHOWN_SHARE * scale:
        return say("changes nothing")
    if change.least < 0 == change.most:
        # No better layout was found: there is nothing to say of one.
        return say("gains {amount} at most", amount=f"{-change.least:,.0f} {currency}".rstrip())
    if change.most - change.least <= 0.005 * max(abs(change.most), abs(change.least)):
        parts = [f"{change.most:+,.0f}"]
    else:
        parts = [
            say("between {least} and {most}", least=f"{change.least:+,.0f}", most=f"{change.most:+,.0f}")
        ]
    if currency:
        parts.append(currency)
    moved = sorted(change.terms.items(), key=lambda item: -abs(item[1]))
    named = [f"{word(name)} {value:+,.0f}" for name, value in moved if abs(value) > SHOWN_SHARE * scale]
    if named:
        parts.append(f"({', '.join(named[:3])})")
    if change.opened:
        parts.append(say("opens {sites}", sites=", ".join(change.opened)))
    return " ".join(parts)
