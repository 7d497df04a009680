"""Routes under every rule of their vehicles, kept in arrays (numba): what one more stop costs.

Nodes are jobs 0 to n - 1, then the places where vehicles start and end. ``task`` is (lengths, durations,
load, job, allowed, near, reach, group, capacity, alike, timed, complete), see
`depotopt.dispatch.tasks.string_search.encoded`; columns of ``job`` and ``group`` are named below. A
``state`` is (seq, size, kind, held, length, spent, cost, route, place, before, after, used, stock, absent,
figures): routes in rows of ``seq``, rows of no stops are free; of every job its route and place in it (route
-1: not made) and the segments of time up to it and from it; figures = (cost, jobs not made, rows ever used).

A segment of time is (duration, earliest, latest begin without waiting longer or being late).

References
----------
Vidal, Crainic, Gendreau and Prins (2013), Computers and Operations Research 40, 475-489: segments of time are
joined in constant time.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import bare_kernel

SERVICE, EARLY, LATE, PRICE, REQUIRED = 0, 1, 2, 3, 4
"""Columns of ``job``; the price of a required job is one for the search only."""
START, END, COUNT, FIXED, PER_LENGTH, PER_TIME = 0, 1, 2, 3, 4, 5
LONGEST, FARTHEST, OPENS, CLOSES, MATRIX, STORE, LOADING, MIXED = 6, 7, 8, 9, 10, 11, 12, 13
"""Columns of ``group``; a store of -1 holds as much as anybody wants, mixed means that others are alike."""
IMPOSSIBLE = 1 << 50
"""Duration of a segment that cannot be kept."""
BLINK = 0.01
"""Chance to overlook a position."""


@bare_kernel
def joined(one, two, way):  # type: ignore[no-untyped-def]
    """Two segments of time one after the other."""
    at = one[0] + way
    if one[1] + at > two[2]:
        return (np.int64(IMPOSSIBLE), one[1], one[2])
    wait = max(np.int64(0), two[1] - at - one[2])
    return (at + two[0] + wait, max(two[1] - at, one[1]) - wait, min(two[2] - at, one[2]))


@bare_kernel
def row_of(table, n):  # type: ignore[no-untyped-def]
    """The segment of time in the first three columns of a row."""
    return (table[n, 0], table[n, 1], table[n, 2])


@bare_kernel
def doors(group, k):  # type: ignore[no-untyped-def]
    """Segments of time at the start and at the end of a vehicle."""
    begin = (group[k, LOADING], group[k, OPENS], group[k, CLOSES])
    return begin, (np.int64(0), group[k, OPENS], group[k, CLOSES])


@bare_kernel
def refresh(task, state, r):  # type: ignore[no-untyped-def]
    """Recompute everything that follows from the stops of a route."""
    lengths, durations, _, job, _, _, _, group, _, _, timed, _ = task
    seq, size, kind, _, length, spent, cost, route, place, before, after, _, _, _, _ = state
    k, stops = kind[r], size[r]
    length[r], spent[r], cost[r] = 0, 0, 0
    if stops == 0:
        return
    m, here, total = group[k, MATRIX], group[k, START], np.int64(0)
    for p in range(stops):
        c = seq[r, p]
        route[c], place[c] = r, p
        total += lengths[m, here, c]
        here = c
    total += lengths[m, here, group[k, END]]
    length[r] = total
    cost[r] = group[k, FIXED] + group[k, PER_LENGTH] * total
    if not timed:
        return
    part, last = doors(group, k)
    here = group[k, START]
    for p in range(stops):
        c = seq[r, p]
        part = joined(part, row_of(job, c), durations[m, here, c])
        before[c, 0], before[c, 1], before[c, 2] = part
        here = c
    spent[r] = joined(part, last, durations[m, here, group[k, END]])[0]
    part, there = last, group[k, END]
    for p in range(stops - 1, -1, -1):
        c = seq[r, p]
        part = joined(row_of(job, c), part, durations[m, c, there])
        after[c, 0], after[c, 1], after[c, 2] = part
        there = c
    cost[r] += group[k, PER_TIME] * spent[r]


@bare_kernel
def _room(task, state, k, r, c):  # type: ignore[no-untyped-def]
    """Whether a vehicle of a group holds what a route holds (none for -1) and one more job."""
    load, allowed, group, capacity = task[2], task[4], task[7], task[8]
    held, stock = state[3], state[12]
    if not allowed[c, k]:
        return False
    for d in range(load.shape[1]):
        if (held[r, d] if r >= 0 else 0) + load[c, d] > capacity[k, d]:
            return False
    store = group[k, STORE]
    return store < 0 or stock[store] >= load[c, 0]


@bare_kernel
def _upgrade(task, state, r, c):  # type: ignore[no-untyped-def]
    """A free group that carries a route and one more job, -1 for none, and what changing to it costs."""
    allowed, group, alike = task[4], task[7], task[9]
    seq, size, kind, length, spent, used = state[0], state[1], state[2], state[4], state[5], state[11]
    own = kind[r]
    best, dearer = np.int64(-1), np.int64(1) << 60
    for k in range(len(group)):
        if not alike[own, k] or used[k] >= group[k, COUNT] or not _room(task, state, k, r, c):
            continue
        more = group[k, FIXED] - group[own, FIXED]
        more += (group[k, PER_LENGTH] - group[own, PER_LENGTH]) * length[r]
        more += (group[k, PER_TIME] - group[own, PER_TIME]) * spent[r]
        if more >= dearer:
            continue
        welcome = True
        for p in range(size[r]):
            welcome = welcome and allowed[seq[r, p], k]
        if welcome:
            best, dearer = np.int64(k), more
    return best, dearer


@bare_kernel
def new_route(task, state, c):  # type: ignore[no-untyped-def]
    """The cheapest vehicle that goes for one job alone, -1 for none, and its cost."""
    lengths, durations, _, job, _, _, _, group, _, _, timed, _ = task
    used = state[11]
    best, least = np.int64(-1), np.int64(1) << 60
    for k in range(len(group)):
        if used[k] >= group[k, COUNT] or not _room(task, state, k, -1, c):
            continue
        m, start, end = group[k, MATRIX], group[k, START], group[k, END]
        length = lengths[m, start, c] + lengths[m, c, end]
        cost = group[k, FIXED] + group[k, PER_LENGTH] * length
        if cost >= least or length > group[k, FARTHEST]:
            continue
        if timed:
            begin, last = doors(group, k)
            part = joined(begin, row_of(job, c), durations[m, start, c])
            duration = joined(part, last, durations[m, c, end])[0]
            if duration > group[k, LONGEST]:
                continue
            cost += group[k, PER_TIME] * duration
            if cost >= least:
                continue
        best, least = np.int64(k), cost
    return best, least


@bare_kernel
def cheapest(task, state, c, seen, everywhere, rng):  # type: ignore[no-untyped-def]
    """Cheapest position in routes with a neighbour, or in any: cost, route (-1: none), position and group."""
    lengths, durations, load, job, allowed, _, reach, group, capacity, _, timed, _ = task
    seq, size, kind, held, length, spent = state[0], state[1], state[2], state[3], state[4], state[5]
    route, before, after, stock, figures = state[7], state[9], state[10], state[12], state[14]
    figures[3] += 1
    stamp, stop = figures[3], row_of(job, c)
    least, where, at, by = np.int64(1) << 60, np.int64(-1), np.int64(0), np.int64(0)
    count = len(route) if everywhere else reach.shape[1]
    for n in range(count):
        b = n if everywhere else reach[c, n]
        if b < 0:
            break
        r = route[b]
        if r < 0 or seen[r] == stamp:
            continue
        seen[r] = stamp
        k, dearer = kind[r], np.int64(0)
        fits = allowed[c, k] and (group[k, STORE] < 0 or stock[group[k, STORE]] >= load[c, 0])
        for d in range(load.shape[1]):
            fits = fits and held[r, d] + load[c, d] <= capacity[k, d]
        if not fits:
            if not group[k, MIXED]:
                continue
            k, dearer = _upgrade(task, state, r, c)
            if k < 0 or dearer >= least:
                continue
        m, price, room = group[k, MATRIX], group[k, PER_LENGTH], group[k, FARTHEST] - length[r]
        here, end = group[k, START], group[k, END]
        for p in range(size[r] + 1):
            left = here
            here = np.int64(seq[r, p]) if p < size[r] else end
            longer = lengths[m, left, c] + lengths[m, c, here] - lengths[m, left, here]
            cost = dearer + price * longer
            if cost >= least or longer > room:
                continue
            if timed:
                one = row_of(before, left) if p > 0 else doors(group, k)[0]
                two = row_of(after, here) if p < size[r] else doors(group, k)[1]
                one = joined(one, stop, durations[m, left, c])
                duration = joined(one, two, durations[m, c, here])[0]
                if duration > group[k, LONGEST]:
                    continue
                cost += group[k, PER_TIME] * (duration - spent[r])
            if cost < least and rng.random() >= BLINK:
                least, where, at, by = cost, np.int64(r), np.int64(p), np.int64(k)
    return least, where, at, by


@bare_kernel
def change_kind(task, state, r, k):  # type: ignore[no-untyped-def]
    """Give a route to a vehicle of another group; its stock comes from there."""
    group = task[7]
    kind, held, used, stock = state[2], state[3], state[11], state[12]
    if k == kind[r]:
        return
    old, new = group[kind[r], STORE], group[k, STORE]
    if old >= 0:
        stock[old] += held[r, 0]
    if new >= 0:
        stock[new] -= held[r, 0]
    used[kind[r]] -= 1
    used[k] += 1
    kind[r] = k


@bare_kernel
def put(task, state, r, p, c, k):  # type: ignore[no-untyped-def]
    """Put a job into a route that a group carries from now on."""
    load, group = task[2], task[7]
    seq, size, kind, held, used, stock = state[0], state[1], state[2], state[3], state[11], state[12]
    if size[r] == 0:
        kind[r] = k
        used[k] += 1
    else:
        change_kind(task, state, r, k)
    for q in range(size[r], p, -1):
        seq[r, q] = seq[r, q - 1]
    seq[r, p] = c
    size[r] += 1
    for d in range(load.shape[1]):
        held[r, d] += load[c, d]
    if group[k, STORE] >= 0:
        stock[group[k, STORE]] -= load[c, 0]


@bare_kernel
def drop(task, state, r, p):  # type: ignore[no-untyped-def]
    """Take a job out of a route."""
    load, group = task[2], task[7]
    seq, size, kind, held, route, used, stock = (
        state[0], state[1], state[2], state[3], state[7], state[11], state[12],
    )  # fmt: skip
    absent, figures = state[13], state[14]
    c = seq[r, p]
    route[c] = -1
    absent[figures[1]] = c
    figures[1] += 1
    for q in range(p, size[r] - 1):
        seq[r, q] = seq[r, q + 1]
    size[r] -= 1
    for d in range(load.shape[1]):
        held[r, d] -= load[c, d]
    if group[kind[r], STORE] >= 0:
        stock[group[kind[r], STORE]] += load[c, 0]
    if size[r] == 0:
        used[kind[r]] -= 1
