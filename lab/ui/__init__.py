"""The page: it translates between widgets and the verbs of `lab.studio`, and knows no model and no database.

startup      gradio imported quickly, and nothing of it before; ending: the process left for certain
page         the header, the tabs, the one timer, the links
conscience   two reviews side by side, and the pair; made of question and answer
question     one question: chosen, edited, saved as a version
answer       one answer: prompt, who speaks, the answer as it streams
many         many answers at once, each under two reviews (shown by batch_cards)
runs         what to train, and the run in view while it trains
pairs        the table of pairs, and one pair in full; trace: what its run learnt of it
curves       several runs over each other
lessons      say, predict, do, compare, explain; teaching: what is taught; lesson_cards: how it is shown
data         the stored data, asked in SQL
owner        who is at the page of a public lab
api          the public endpoints for the Gradio client
form         a run's settings as fields, and the fields as a RunSpec
fields       where an error stands: beside the field that caused it
shared       what several tabs ask for at once, worked out once; sparing: events that cost what they change
links        what this browser looks at, to and from the address
specs        pure: settings of runs -> what they differ in, and commands
heat         pure: two readings of a text -> colours
cards        pure: nouns -> escaped HTML        run_cards  the same for runs
tables       pure: the tables of runs and of pairs
diff         pure: two texts -> their words     text       pure: text -> escaped HTML
figures      pure: curves -> plotly             sparks     pure: curves -> small drawings
look         theme, style sheet, scripts
"""
