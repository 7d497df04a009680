"""The verbs in one place: load, sample, site, dispatch, verify, evaluate, report."""
