"""The hierarchy engine: a customizable contraction hierarchy with road states as lanes.

==================  ============================================================================
module              step
==================  ============================================================================
`order`             which nodes are eliminated first (once per network, kept on disk)
`supergraph`        the chordal graph elimination leaves (once per network)
`customisation`     times of its arcs in 32 road states at once (per block of states)
`restriction`       the part that matters for given sources and targets (per query)
`sweep`             climb from the sources, sweep down to the targets (per road state)
`routes`            links of chosen paths (per pair)
`engine`            puts them together behind `depotopt.roads.engines.TravelTimeEngine`
==================  ============================================================================
"""
