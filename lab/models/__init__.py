"""Models and what it takes to talk to them: loading, one set of tensors for three trees, chat format, sampling."""
