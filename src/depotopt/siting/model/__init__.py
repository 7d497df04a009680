"""What a layout is chosen from: the scenario as arrays, options, rules and the first stage."""
