"""The conscience step: one introspective question, put to a copy of the model about its own thought and answer."""
