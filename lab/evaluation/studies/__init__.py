"""Studies: many runs, one table.

plan          what a study file asks for: arms × settings × seeds, and the measure that was chosen beforehand
outcome       what came of one run: every judged answer of its last step
measures      what is counted in judged answers
comparison    the arms side by side, each figure with its interval, each difference with its test
drawing       the figures as SVG
report        the whole of it as Markdown, CSV and one HTML file

Nothing here runs anything: `lab.studio.studies` does.
"""
