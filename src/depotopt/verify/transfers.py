"""Trunk trips: who may bring what to which hub, and that no hub gives more than has been brought to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from depotopt.plans import SitingPlan, Trip
from depotopt.scenario import Scenario
from depotopt.verify.check import QUANTITY_TOLERANCE, TIME_TOLERANCE_S
from depotopt.verify.lots import UsableLot, dispatching_sites, open_sites, replenishing_sites


def transfer_faults(scenario: Scenario, layout: SitingPlan | None, trips: Sequence[Trip]) -> list[str]:
    """Trunk trips to places that are no hub of their depot, or that do something else besides."""
    tier_of = open_sites(scenario, layout)
    dispatching, feeding = dispatching_sites(scenario, layout), replenishing_sites(scenario, layout)
    broken = []
    for trip in trips:
        if trip.transfer is None:
            continue
        where, hub = f"vehicle {trip.vehicle} trip {trip.number}", trip.transfer.site
        if trip.stops:
            broken.append(f"{where}: a trunk trip to {hub} with stops")
        if hub not in dispatching or hub == trip.start_site:
            broken.append(f"{where}: {hub} is not another open dispatching depot")
        elif tier_of[hub] not in feeding.get(trip.start_site, ()):
            broken.append(f"{where}: {trip.start_site} does not replenish the tier of {hub}")
        if trip.end_site != hub or trip.return_links or trip.return_s != trip.transfer.depart_s:
            broken.append(f"{where}: a trunk trip ends at its hub when it is unloaded")
    return broken


def ledger_faults(scenario: Scenario, trips: Sequence[Trip], lots: dict[str, UsableLot]) -> list[str]:
    """Lots that give more than they have, at home or, at any moment, at a hub; second trunk trips."""
    drawn: defaultdict[str, float] = defaultdict(float)
    moves: defaultdict[tuple[str, str], list[tuple[float, int, float]]] = defaultdict(list)
    broken = []
    for trip in trips:
        for load in trip.loads:
            if lots[load.lot].site == trip.start_site:
                drawn[load.lot] += load.quantity
            else:
                if trip.transfer is not None:
                    where = f"vehicle {trip.vehicle} trip {trip.number}"
                    broken.append(
                        f"{where}: lot {load.lot} takes a second trunk trip, to {trip.transfer.site}"
                    )
                # What is released at a moment can be loaded at that moment.
                moment = trip.load_start_s + TIME_TOLERANCE_S
                moves[trip.start_site, load.lot].append((moment, 1, -load.quantity))
        if trip.transfer is not None:
            hub = scenario.sites[scenario.site_index[trip.transfer.site]]
            for load in trip.transfer.loads:
                released = trip.transfer.depart_s + hub.transfer_s
                moves[hub.ident, load.lot].append((released, 0, load.quantity))
    broken += [
        f"lot {ident}: {quantity:g} drawn, {lots[ident].quantity:g} usable"
        for ident, quantity in sorted(drawn.items())
        if quantity > lots[ident].quantity + QUANTITY_TOLERANCE
    ]
    for (hub_ident, lot), events in sorted(moves.items()):
        there = 0.0
        for moment, _, change in sorted(events):
            there += change
            if there < -QUANTITY_TOLERANCE:
                broken.append(
                    f"lot {lot}: {-there:g} more loaded at {hub_ident} by {moment:.0f} s than brought there"
                )
                break
    return broken
