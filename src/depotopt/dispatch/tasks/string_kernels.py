"""Slack induction by string removals (numba) on the routes of `route_kernels`, where the arrays are told.

References
----------
Christiaens and Vanden Berghe (2020), Transportation Science 54, 417-433: strings of stops are removed near a
random customer and inserted greedily with blinks, accepted by annealing.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import bare_kernel, kernel
from depotopt.dispatch.tasks.route_kernels import (
    COUNT,
    EARLY,
    END,
    FARTHEST,
    FIXED,
    LATE,
    LONGEST,
    MATRIX,
    PER_LENGTH,
    PER_TIME,
    PRICE,
    REQUIRED,
    START,
    STORE,
    change_kind,
    cheapest,
    doors,
    drop,
    joined,
    new_route,
    put,
    refresh,
    row_of,
)

REMOVED = 10.0
"""Customers removed on average."""
LONGEST_STRING = 10.0
"""Stops of a string at most."""
SPLIT_STRING = 0.5
"""Share of strings that keep some stops in their middle."""
LONGER_GAP = 0.5
"""Chance that such a gap does not grow by one more stop."""


@bare_kernel
def ruin(task, state, touch, rng):  # type: ignore[no-untyped-def]
    """Remove strings of stops near a random job, one from a route."""
    near = task[5]
    size, route, place, figures = state[1], state[7], state[8], state[14]
    stops, rows = len(route) - figures[1], 0
    for r in range(figures[2]):
        rows += size[r] > 0
    if rows == 0:
        return
    longest = min(LONGEST_STRING, stops / rows)
    strings = int(rng.random() * (4.0 * REMOVED / (1.0 + longest) - 1.0) + 1.0)
    middle = int(rng.random() * len(route))
    done = 0
    for a in range(near.shape[1]):
        if done >= strings:
            return
        c = near[middle, a]
        r = route[c]
        if r < 0 or not touched(state, touch, r):
            continue
        p = place[c]
        length = min(int(rng.random() * min(float(size[r]), longest) + 1.0), size[r])
        kept = 0
        if length > 1 and length < size[r] and rng.random() < SPLIT_STRING:
            kept = 1
            while length + kept < size[r] and rng.random() > LONGER_GAP:
                kept += 1
        whole = length + kept
        low = max(0, p - whole + 1)
        first = low + int(rng.random() * (min(p, size[r] - whole) - low + 1))
        gap = first + 1 + int(rng.random() * (length - 1)) if kept else -1
        done += 1
        for q in range(first + whole - 1, first - 1, -1):
            if not (kept and gap <= q < gap + kept):
                drop(task, state, r, q)
        refresh(task, state, r)


@bare_kernel
def touched(state, touch, r):  # type: ignore[no-untyped-def]
    """Keep a route as it was before it is changed; whether this had not been done."""
    seq, size, kind, cost = state[0], state[1], state[2], state[6]
    flag, rows, number, old = touch
    if flag[r]:
        return False
    flag[r] = True
    rows[number[0]] = r
    number[0] += 1
    for p in range(size[r]):
        old[0][r, p] = seq[r, p]
    old[1][r], old[2][r], old[3][r] = size[r], kind[r], cost[r]
    return True


@bare_kernel
def _order(task, state, rng, keys):  # type: ignore[no-untyped-def]
    """Sort the jobs that are not made: at random, by load, by distance, or by window."""
    lengths, load, job, group, timed = task[0], task[2], task[3], task[7], task[10]
    absent, figures = state[13], state[14]
    way = rng.random() * (17.0 if timed else 11.0)
    start, m = group[0, START], group[0, MATRIX]
    several = False
    for k in range(len(group)):
        several = several or group[k, START] != start
    for n in range(figures[1]):
        c = absent[n]
        if way < 4.0:
            key = rng.random()
        elif way < 8.0:
            key = -float(load[c, 0])
        elif way < 11.0:
            far = lengths[m, start, c]
            if several:
                for k in range(len(group)):
                    far = min(far, lengths[m, group[k, START], c])
            key = -float(far) if way < 10.0 else float(far)
        elif way < 13.0:
            key = float(job[c, LATE] - job[c, EARLY])
        elif way < 15.0:
            key = float(job[c, EARLY])
        else:
            key = -float(job[c, LATE])
        p = n
        while p > 0 and keys[p - 1] > key:
            keys[p] = keys[p - 1]
            absent[p] = absent[p - 1]
            p -= 1
        keys[p] = key
        absent[p] = c


@bare_kernel
def _free_row(state):  # type: ignore[no-untyped-def]
    """A row without stops."""
    size, figures = state[1], state[14]
    for r in range(figures[2]):
        if size[r] == 0:
            return r
    figures[2] += 1
    return figures[2] - 1


@bare_kernel
def _recreate(task, state, touch, room, rng):  # type: ignore[no-untyped-def]
    """Insert jobs that are not made where they cost least, or leave them out where that is cheaper."""
    job, complete = task[3], task[11]
    absent, figures = state[13], state[14]
    seen, keys = room
    _order(task, state, rng, keys)
    left = 0
    for n in range(figures[1]):
        c = absent[n]
        cost, r, p, k = cheapest(task, state, c, seen, False, rng)
        vehicle, alone = new_route(task, state, c)
        if r < 0 and vehicle < 0 and not complete:
            cost, r, p, k = cheapest(task, state, c, seen, True, rng)
        if (r < 0 and vehicle < 0) or (not job[c, REQUIRED] and min(cost, alone) >= job[c, PRICE]):
            absent[left] = c
            left += 1
            continue
        if r < 0 or alone < cost:
            r, p, k = _free_row(state), 0, vehicle
        touched(state, touch, r)
        put(task, state, r, p, c, k)
        refresh(task, state, r)
    figures[1] = left


@bare_kernel
def _cost_by(task, state, r, k):  # type: ignore[no-untyped-def]
    """What a route costs by a vehicle of a group; a huge number where it cannot."""
    lengths, durations, load, job, allowed, _, _, group, capacity, _, timed, _ = task
    seq, size, kind, held, stock = state[0], state[1], state[2], state[3], state[12]
    never = np.int64(1) << 60
    for d in range(load.shape[1]):
        if held[r, d] > capacity[k, d]:
            return never
    store = group[k, STORE]
    if store >= 0 and store != group[kind[r], STORE] and stock[store] < held[r, 0]:
        return never
    m, here = group[k, MATRIX], group[k, START]
    part, last = doors(group, k)
    length = np.int64(0)
    for p in range(size[r]):
        c = seq[r, p]
        if not allowed[c, k]:
            return never
        length += lengths[m, here, c]
        if timed:
            part = joined(part, row_of(job, c), durations[m, here, c])
        here = c
    length += lengths[m, here, group[k, END]]
    if length > group[k, FARTHEST]:
        return never
    cost = group[k, FIXED] + group[k, PER_LENGTH] * length
    if timed:
        duration = joined(part, last, durations[m, here, group[k, END]])[0]
        if duration > group[k, LONGEST]:
            return never
        cost += group[k, PER_TIME] * duration
    return cost


@bare_kernel
def _assign(task, state, touch):  # type: ignore[no-untyped-def]
    """Give every route that was changed to the cheapest vehicle that is free."""
    group = task[7]
    size, kind, cost, used = state[1], state[2], state[6], state[11]
    _, rows, number, _ = touch
    for n in range(number[0]):
        r = rows[n]
        if size[r] == 0:
            continue
        best, least = kind[r], cost[r]
        for k in range(len(group)):
            if k == kind[r] or used[k] >= group[k, COUNT]:
                continue
            dear = _cost_by(task, state, r, k)
            if dear < least:
                best, least = np.int64(k), dear
        if best != kind[r]:
            change_kind(task, state, r, best)
            refresh(task, state, r)


@bare_kernel
def total_cost(task, state):  # type: ignore[no-untyped-def]
    """Cost of all routes and of the jobs that are not made."""
    job = task[3]
    cost, absent, figures = state[6], state[13], state[14]
    total = np.int64(0)
    for r in range(figures[2]):
        total += cost[r]
    for n in range(figures[1]):
        total += job[absent[n], PRICE]
    return total


@bare_kernel
def _restore(task, state, touch, gone, counts):  # type: ignore[no-untyped-def]
    """Undo a round."""
    load, group = task[2], task[7]
    seq, size, kind, held, route = state[0], state[1], state[2], state[3], state[7]
    used, stock, absent, figures = state[11], state[12], state[13], state[14]
    _, rows, number, old = touch
    for n in range(number[0]):
        r = rows[n]
        for p in range(size[r]):
            route[seq[r, p]] = -1
    for n in range(number[0]):
        r = rows[n]
        size[r], kind[r] = old[1][r], old[2][r]
        held[r, :] = 0
        for p in range(size[r]):
            c = old[0][r, p]
            seq[r, p] = c
            for d in range(load.shape[1]):
                held[r, d] += load[c, d]
        refresh(task, state, r)
    for k in range(len(group)):
        used[k] = counts[0][k]
    for s in range(len(stock)):
        stock[s] = counts[1][s]
    figures[1] = len(gone)
    for n in range(len(gone)):
        absent[n] = gone[n]


@kernel
def anneal(task, state, best, heat, rounds, rng):  # type: ignore[no-untyped-def]
    """Ruin and recreate for some rounds at one heat, from ``state``; better ones than ``best`` go there.

    ``best`` is (seq, size, kind, figures). Both are changed in place.
    """
    seq, size, kind = state[0], state[1], state[2]
    used, stock, absent, figures = state[11], state[12], state[13], state[14]
    rows = len(size)
    room = (np.zeros(rows, dtype=np.int64), np.zeros(len(absent)))
    old = (seq.copy(), size.copy(), kind.copy(), state[6].copy())
    flag, number = np.zeros(rows, dtype=np.bool_), np.zeros(1, dtype=np.int64)
    touch = (flag, np.zeros(rows, dtype=np.int64), number, old)
    figures[3] = 0
    for _ in range(rounds):
        gone = absent[: figures[1]].copy()
        counts = (used.copy(), stock.copy())
        ruin(task, state, touch, rng)
        _recreate(task, state, touch, room, rng)
        if len(used) > 1:
            _assign(task, state, touch)
        cost = figures[0]
        for n in range(len(gone)):
            cost -= task[3][gone[n], PRICE]
        for n in range(figures[1]):
            cost += task[3][absent[n], PRICE]
        for n in range(number[0]):
            r = touch[1][n]
            cost += state[6][r] - old[3][r]
        if cost >= figures[0] - heat * np.log(rng.random()):
            _restore(task, state, touch, gone, counts)
        else:
            figures[0] = cost
            if cost < best[3][0]:
                for r in range(figures[2]):
                    best[1][r], best[2][r] = size[r], kind[r]
                    for p in range(size[r]):
                        best[0][r, p] = seq[r, p]
                best[3][0], best[3][1], best[3][2] = cost, figures[1], figures[2]
        for n in range(number[0]):
            flag[touch[1][n]] = False
        number[0] = 0
