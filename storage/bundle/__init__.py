"""Reproduction bundles: one file with what a lab found and what it took, for another lab to look at or to merge.

layout     what is in the file, by name, and its limits
writing    a lab, or some of its runs, into a bundle
reading    a bundle from anywhere, unpacked: held to its layout and hashes before anything of it is used
verifying  what its tables hold: rows, ids, checkpoints
shapes     whether their JSON has the types of its noun
unpacked   a bundle in a folder
merging    a bundle that was read into a store, all of it or nothing

A bundle holds no code and nothing that is unpickled: Parquet, JSON and safetensors in a zip without compression. Its
runs are looked at as they were, without a model; who has the model may train on from its checkpoints.
"""

from storage.bundle.layout import Contents
from storage.bundle.merging import merge
from storage.bundle.reading import opened
from storage.bundle.writing import write

__all__ = ["Contents", "merge", "opened", "write"]
