"""What is dispatched: resources, problem, drafts of plans and the exact clock."""
