"""The bench: what the lab costs, as ratios that are measured in one run, each beside its goal.

One file a subject; `lab.bench.subjects` is the table of them. Nothing of the lab imports this package but its command.
"""
