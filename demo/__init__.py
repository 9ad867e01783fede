"""The demonstration shop that `make serve` shows: a catalogue and its orders, made here, word by word.

Nothing is random but in appearance: the same numbers give the same files, byte for byte. They are
loaded as a shop's own files are, by `talatat load`.
"""
