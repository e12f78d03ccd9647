"""The page: it translates between widgets and the verbs of `lab.studio`, and knows no model and no database.

The whole:
startup         gradio imported quickly, and nothing of it before; ending: the process left for certain
page            the header, the tabs, the one timer, the links
look            theme, style sheet, scripts
links           what this browser looks at, to and from the address
doors, turns    who reaches which address at all, and whose event is next; owner: who is at the page of a public lab
lecture         one page presents, others follow; onlookers: what those may ask for
shared          what several tabs ask for at once, worked out once; sparing: events that cost what they change
loading         events whose progress is hidden
fields          where an error stands: beside the field that caused it

The tabs:
conscience      two reviews side by side, and the pair; made of question and answer
question        one question: chosen, edited, saved as a version
answer          one answer: prompt, who speaks, the answer as it streams
preview         the prompts as the models see them
many            many answers at once, each under two reviews (shown by batch_cards)
voting          blind votes
runs            what to train (new_run), and the run in view while it trains; run_shelf: its name, note and deletion
drift           what the run in view said; beside: runs beside each other
form            a run's settings as fields, and the fields as a RunSpec
pairs           their table (pair_filter, spread), one pair in full (pair_surgery, trace), and sets of them (pair_sets)
curves          several runs over each other; dashboards: questions to start from
curve_settings  what the runs that are drawn differ in; behind: what is behind a point, and judges of it
lessons         say, predict, do, compare, explain; teaching: what is taught, curriculum: in which order
studies         many runs, one table
data            the stored data, asked in SQL, with a chart under it (data_chart)

For programs:
api             the public endpoints for the Gradio client; run_api, pair_api and vote_api the rest of them
plain           nouns as plain JSON

Pure, without widget and studio:
cards           nouns -> escaped HTML; so are all that end in _cards, and lesson_report
tables          the tables of runs and of pairs
specs           settings of runs -> what they differ in, and commands
heat            two readings of a text -> colours
diff            two texts -> their words; text: text -> escaped HTML
figures         curves -> plotly (panels, curve_table); sparks: curves -> small drawings
chart_choice    what a result of SQL is drawn as; chart_drawing: drawn so
"""
