"""Which token may come next: automata over a vocabulary, and the rows composed of them."""
