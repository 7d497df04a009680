"""Codes of results in the words of the language spoken: states, reasons, limits, metrics, stages."""

from __future__ import annotations

from typing import Final

from depotopt.cli.language import N_, say
from depotopt.language import metrics

CODES: Final = (
    # How a solve ended.
    N_("optimal"), N_("feasible"), N_("infeasible"), N_("unknown"),
    N_("time limit"), N_("stopped by the user"), N_("iteration limit"),
    # States of demand points, in a plan and in a road state; why need stays unmet.
    N_("served"), N_("late"), N_("flooded"), N_("isolated"), N_("unserved"),
    N_("as before"), N_("slowed"), N_("never reached"),
    N_("no road"), N_("no stock"), N_("no vehicle"), N_("no time"), N_("priority"),
    # What happens to a point when a plan is made anew.
    N_("dropped"),
    N_("less"),
    N_("more"),
    N_("moved"),
    N_("later"),
    # Parts of an objective.
    N_("fixed"), N_("holding"), N_("purchase"), N_("transport"), N_("unmet"), N_("cost"),
    N_("mean"), N_("cvar"), N_("worst"), N_("response"),
    # Metrics; those of a time stand in `metric_name`.
    N_("unmet person days"), N_("unmet share"), N_("isolated people"), N_("flooded people"), N_("gini"),
    N_("before"), N_("expected"), N_("worst 5 percent"), N_("layout"), N_("today"),
    # Kinds and classes of roads.
    N_("motorway"), N_("trunk"), N_("primary"), N_("secondary"), N_("tertiary"), N_("unclassified"),
    N_("residential"), N_("living_street"), N_("service"), N_("track"), N_("road"), N_("other"),
    N_("ferry"), N_("highway"), N_("connector"), N_("street"), N_("bridge"), N_("tunnel"), N_("ford"),
    # What an import leaves out.
    N_("ways of another kind"), N_("ways closed to trucks"), N_("ways that are areas"), N_("ways impassable"),
    N_("ways of changing direction"), N_("ways that are ferries not known to take trucks"),
    N_("weight and height limits not understood"), N_("turn restrictions, which are not used"),
    N_("pieces of ways whose nodes are not in the file"), N_("nodes without a road"),
    N_("nodes outside the largest strongly connected component"),
    N_("links outside the largest strongly connected component"),
    N_("km outside the largest strongly connected component"),
    N_("km of bridge outside the largest strongly connected component"),
    N_("bridge tags on edges merged of several ways, perhaps longer than the bridge"),
    # Figures of a road network.
    N_("nodes"), N_("links"), N_("streets"), N_("km"), N_("km by class"), N_("bridges"), N_("tunnels"),
    N_("fords"), N_("bridge km"), N_("tunnel km"), N_("ford km"), N_("directed bridge km"),
    N_("limited weight km"), N_("limited height km"), N_("speed source share"), N_("dropped"), N_("source"),
    N_("attribution"), N_("tag"), N_("class_table"), N_("assumed"),
    # Stages of a run.
    N_("load"), N_("sample"), N_("assembly"), N_("site"), N_("evaluate"), N_("allocation"), N_("routing"),
    N_("routes"), N_("improvement"), N_("dispatch"), N_("report"), N_("explain"), N_("first plan"),
    N_("extensive form"), N_("cuts"), N_("done"), N_("replications"),
)  # fmt: skip


def in_money(name: str, currency: str) -> str:
    """Name of a cost with the money it is in, where the scenario says."""
    return f"{name} ({currency})" if currency else name


def word(code: object) -> str:
    """A code of a result in words; names that people chose stay as they are."""
    return say(str(code))


def metric_name(metric: str) -> str:
    """A metric of an evaluation in words."""
    return metrics.metric_name(metric, say.speech)
