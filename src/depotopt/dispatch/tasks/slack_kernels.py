"""Loops of slack induction by string removals (numba), with split deliveries or with arrival times.

One depot (place 0), customers 1 to n. ``task`` is (dist, demand, weight, near, capacity, most, latency,
split), see `depotopt.dispatch.tasks.annealing.SlackTask`. A ``state`` is (seq, qty, size, load, figures):
``seq[r, p]`` customers and ``qty[r, p]`` units of route ``r``, ``size[r]`` stops and ``load[r]`` units, where
routes of no stops are free, and figures = (routes, cost).

References
----------
Christiaens and Vanden Berghe (2020), Transportation Science 54, 417-433: strings of stops are removed near
a random customer and inserted greedily with blinks, accepted by annealing.
Boudia, Prins and Reghioui (2007), LNCS 4771, 62-76: a delivery spread over several routes by cost per unit.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel

REMOVED = 10.0
"""Customers removed on average."""
LONGEST_STRING = 10.0
"""Stops of a string at most."""
SPLIT_STRING = 0.5
"""Share of strings that keep some stops in their middle."""
LONGER_GAP = 0.5
"""Chance that such a gap does not grow by one more stop."""
WHOLLY = 0.5
"""Chance that a customer who lost a part of a delivery loses the other parts, too."""
BLINK = 0.01
"""Chance to overlook a position."""


@kernel
def _visit_of(c, seq, size, count, taken, rng):  # type: ignore[no-untyped-def]
    """A route that visits a customer and is not taken yet, drawn evenly, and the position; -1 for none."""
    found, at, seen = np.int64(-1), np.int64(-1), 0
    for r in range(count):
        if taken[r]:
            continue
        for p in range(size[r]):
            if seq[r, p] == c:
                seen += 1
                if rng.random() * seen < 1.0:
                    found, at = np.int64(r), np.int64(p)
                break
    return found, at


@kernel
def _drop(r, p, seq, qty, size, load, missing):  # type: ignore[no-untyped-def]
    """Take a stop out of a route."""
    missing[seq[r, p]] += qty[r, p]
    load[r] -= qty[r, p]
    for q in range(p, size[r] - 1):
        seq[r, q] = seq[r, q + 1]
        qty[r, q] = qty[r, q + 1]
    size[r] -= 1


@kernel
def _put(r, p, c, units, seq, qty, size, load):  # type: ignore[no-untyped-def]
    """Put a stop into a route, or more units where it is visited already (position -1)."""
    load[r] += units
    if p < 0:
        for q in range(size[r]):
            if seq[r, q] == c:
                qty[r, q] += units
        return
    for q in range(size[r], p, -1):
        seq[r, q] = seq[r, q - 1]
        qty[r, q] = qty[r, q - 1]
    seq[r, p] = c
    qty[r, p] = units
    size[r] += 1


@kernel
def route_cost(r, dist, weight, latency, seq, size):  # type: ignore[no-untyped-def]
    """Length of a closed route, or the weighted sum of its arrival times."""
    here, total, clock = 0, 0, 0
    for p in range(size[r]):
        step = dist[here, seq[r, p]]
        here = seq[r, p]
        clock += step
        total += weight[here] * clock if latency else step
    if not latency and size[r] > 0:
        total += dist[here, 0]
    return total


@kernel
def _place_in(r, c, dist, weight, latency, seq, size, rng):  # type: ignore[no-untyped-def]
    """Least cost and position of one more stop in a route; position -1 and no cost where it is visited."""
    best, at = np.int64(1) << 60, -2
    after = np.int64(0)
    if latency:
        for p in range(size[r]):
            after += weight[seq[r, p]]
    else:
        for p in range(size[r]):
            if seq[r, p] == c:
                return np.int64(0), -1
    here, clock = 0, np.int64(0)
    for p in range(size[r] + 1):
        there = seq[r, p] if p < size[r] else 0
        if latency:
            cost = weight[c] * (clock + dist[here, c])
            if p < size[r]:
                cost += after * (dist[here, c] + dist[c, there] - dist[here, there])
        else:
            cost = dist[here, c] + dist[c, there] - dist[here, there]
        if cost < best and (rng.random() >= BLINK or at == -2):
            best, at = cost, p
        if p < size[r]:
            clock += dist[here, there]
            after -= weight[there]
            here = there
    return best, at


@kernel
def _ruin(near, state, missing, touched, rng):  # type: ignore[no-untyped-def]
    """Remove strings of stops near a random customer; marks the routes it took from."""
    seq, qty, size, load, figures = state
    count = figures[0]
    customers = len(missing) - 1
    stops, used = 0, 0
    for r in range(count):
        stops += size[r]
        used += size[r] > 0
    if used == 0:
        return
    longest = min(LONGEST_STRING, stops / used)
    most = 4.0 * REMOVED / (1.0 + longest) - 1.0
    strings = int(rng.random() * most + 1.0)
    middle = int(rng.random() * customers) + 1
    done = 0
    for a in range(near.shape[1]):
        if done >= strings:
            return
        c = near[middle, a]
        if missing[c] > 0:
            continue
        r, p = _visit_of(c, seq, size, count, touched, rng)
        if r < 0:
            continue
        length = int(rng.random() * min(float(size[r]), longest) + 1.0)
        length = min(length, size[r])
        kept = 0
        if length > 1 and length < size[r] and rng.random() < SPLIT_STRING:
            kept = 1
            while length + kept < size[r] and rng.random() > LONGER_GAP:
                kept += 1
        whole = length + kept
        first = max(0, p - whole + 1) + int(
            rng.random() * (min(p, size[r] - whole) - max(0, p - whole + 1) + 1)
        )
        gap = first + 1 + int(rng.random() * max(1, length - 1)) if kept else -1
        touched[r] = True
        done += 1
        for q in range(first + whole - 1, first - 1, -1):
            if kept and gap <= q < gap + kept:
                continue
            _drop(r, q, seq, qty, size, load, missing)


@kernel
def _unsplit(state, missing, touched, rng):  # type: ignore[no-untyped-def]
    """Remove the other parts of some deliveries of which a part is missing."""
    seq, qty, size, load, figures = state
    wanted = np.zeros(len(missing), dtype=np.bool_)
    for c in range(1, len(missing)):
        wanted[c] = missing[c] > 0 and rng.random() < WHOLLY
    for r in range(figures[0]):
        for p in range(size[r] - 1, -1, -1):
            if wanted[seq[r, p]]:
                touched[r] = True
                _drop(r, p, seq, qty, size, load, missing)


@kernel
def _order(missing, demand, dist, rng, order):  # type: ignore[no-untyped-def]
    """Customers with something missing, sorted at random, by demand, or by distance; their number."""
    count = 0
    way = rng.random() * 11.0
    keys = np.empty(len(missing))
    for c in range(1, len(missing)):
        if missing[c] > 0:
            if way < 4.0:
                key = rng.random()
            elif way < 8.0:
                key = -float(demand[c])
            elif way < 10.0:
                key = -float(dist[0, c])
            else:
                key = float(dist[0, c])
            p = count
            while p > 0 and keys[p - 1] > key:
                keys[p] = keys[p - 1]
                order[p] = order[p - 1]
                p -= 1
            keys[p] = key
            order[p] = c
            count += 1
    return count


@kernel
def _spread(units, costs, slack, count, picked):  # type: ignore[no-untyped-def]
    """Routes that take a delivery in parts, cheapest per unit first; their cost and number."""
    total, number, left = np.int64(0), 0, units
    used = np.zeros(count, dtype=np.bool_)
    while left > 0:
        best, ratio = -1, 1e300
        for r in range(count):
            if used[r] or slack[r] <= 0:
                continue
            each = costs[r] / min(slack[r], left)
            if each < ratio:
                best, ratio = r, each
        if best < 0:
            return np.int64(1) << 60, 0
        used[best] = True
        picked[number] = best
        number += 1
        total += costs[best]
        left -= min(slack[best], left)
    # A route picked early may be needless once a roomier one has come.
    n = 0
    while n < number:
        room = np.int64(0)
        for m in range(number):
            room += slack[picked[m]]
        if room - slack[picked[n]] >= units and number > 1:
            total -= costs[picked[n]]
            for m in range(n, number - 1):
                picked[m] = picked[m + 1]
            number -= 1
        else:
            n += 1
    return total, number


@kernel
def _recreate(task, state, missing, touched, rng):  # type: ignore[no-untyped-def]
    """Insert what is missing; the number of routes, or -1 where no room was left."""
    dist, demand, weight, _, capacity, most, latency, split = task
    seq, qty, size, load, figures = state
    count = figures[0]
    order = np.empty(len(missing), dtype=np.int64)
    costs = np.empty(size.shape[0], dtype=np.int64)
    slack = np.empty(size.shape[0], dtype=np.int64)
    at = np.empty(size.shape[0], dtype=np.int64)
    picked = np.empty(size.shape[0], dtype=np.int64)
    number = _order(missing, demand, dist, rng, order)
    n = 0
    while n < number:
        c = order[n]
        units = missing[c]
        if units == 0:
            n += 1
            continue
        free, used = -1, 0
        whole, best = -1, np.int64(1) << 60
        for r in range(count):
            slack[r] = 0
            if size[r] == 0:
                free = r if free < 0 else free
                continue
            used += 1
            room = capacity - load[r]
            if room <= 0 or (room < units and not split):
                continue
            slack[r] = room
            costs[r], at[r] = _place_in(r, c, dist, weight, latency, seq, size, rng)
            if room >= units and costs[r] < best:
                best, whole = costs[r], r
        opened = np.int64(1) << 60
        if used < most:
            opened = weight[c] * dist[0, c] if latency else dist[0, c] + dist[c, 0]
        parts = 0
        if split and units > 1:
            spread, parts = _spread(units, costs, slack, count, picked)
            if parts < 2 or spread >= min(best, opened):
                parts = 0
        if parts:
            # The last of them takes what the others leave, so the slack that remains lies in one route.
            for m in range(parts):
                r = picked[m]
                give = min(missing[c], slack[r])
                touched[r] = True
                _put(r, at[r], c, give, seq, qty, size, load)
                missing[c] -= give
        elif whole >= 0 and best <= opened:
            touched[whole] = True
            _put(whole, at[whole], c, units, seq, qty, size, load)
            missing[c] = 0
        elif used < most:
            if free < 0:
                free = count
                count += 1
            if free >= size.shape[0]:
                return -1
            give = min(units, capacity)
            touched[free] = True
            _put(free, 0, c, give, seq, qty, size, load)
            missing[c] -= give
        else:
            return -1
    return count


@kernel
def _copy_route(r, stops, source, target):  # type: ignore[no-untyped-def]
    """Make a route that of another state; so many stops of it count."""
    for p in range(stops):
        target[0][r, p] = source[0][r, p]
        target[1][r, p] = source[1][r, p]
    target[2][r] = source[2][r]
    target[3][r] = source[3][r]


@kernel
def anneal(task, state, best, heat, rounds, rng):  # type: ignore[no-untyped-def]
    """Ruin and recreate for some rounds at one heat, from ``state``; better ones than ``best`` go there.

    Both states are changed in place.
    """
    dist, demand, weight, near, _, _, latency, split = task
    seq, qty, size, load, figures = state
    rows = size.shape[0]
    missing = np.zeros(len(demand), dtype=np.int64)
    touched = np.zeros(rows, dtype=np.bool_)
    old = (seq.copy(), qty.copy(), size.copy(), load.copy(), figures)
    costs = np.zeros(rows, dtype=np.int64)
    for r in range(figures[0]):
        costs[r] = route_cost(r, dist, weight, latency, seq, size)
    for _ in range(rounds):
        touched[:] = False
        _ruin(near, state, missing, touched, rng)
        if split:
            _unsplit(state, missing, touched, rng)
        after = _recreate(task, state, missing, touched, rng)
        cost = figures[1]
        if after >= 0:
            for r in range(after):
                if touched[r]:
                    cost += route_cost(r, dist, weight, latency, seq, size) - costs[r]
        if after < 0 or cost >= figures[1] - heat * np.log(rng.random()):
            for r in range(rows):
                if touched[r]:
                    _copy_route(r, max(size[r], old[2][r]), old, state)
            missing[:] = 0
            continue
        figures[0], figures[1] = after, cost
        for r in range(after):
            if touched[r]:
                _copy_route(r, size[r], state, old)
                costs[r] = route_cost(r, dist, weight, latency, seq, size)
        if cost < best[4][1]:
            for r in range(rows):
                _copy_route(r, seq.shape[1], state, best)
            best[4][0], best[4][1] = after, cost
