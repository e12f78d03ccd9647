"""Studies: many runs, one table.

plan          what a study asks for: arms × seeds, and the measure that was chosen beforehand
plan_file     how it is written down, and read; own_questions: those that it brings along
judge         who judges the answers, and where scores turn into labels
outcome       what came of one run: every judged answer of its last step
measures      what is counted in judged answers
comparison    the arms side by side, each figure with its interval, each difference with its test
agreeing      the judge held to the oracle, where both judged
cells, tables what stands in the tables of a report
drawing       the figures as SVG
placing       where names stand beside points, so that none covers another
trade_off     alignment against the task
report        the whole of it as Markdown, CSV and one HTML file

Nothing here runs anything: `lab.studio.studies` does.
"""
